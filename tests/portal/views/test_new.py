"""NEW: the name checked while it is typed, quick create, and the sample."""

import pytest
from django.test import Client

from sites.models import Operation, Site
from tests.domain import Domain
from tests.portal.conftest import HTMX


@pytest.mark.parametrize("name", ["contoso", "Contoso2", "a"])
def test_a_free_name_gets_its_tick_and_its_whole_address(alice: Client, name: str) -> None:
    mark = alice.get("/new/name/", {"name": name}, headers=HTMX).content.decode()
    assert "name-mark__free" in mark
    assert f"{name.lower()}</span>.localhost:8080" in mark


@pytest.mark.parametrize("name", ["with space", "www", "x" * 41, "shop-staging", "ümlaut", "-a"])
def test_a_name_that_cannot_be_is_refused_while_it_is_typed(alice: Client, name: str) -> None:
    mark = alice.get("/new/name/", {"name": name}, headers=HTMX).content.decode()
    assert "name-mark__free" not in mark
    assert "name-mark__verdict--fault" in mark


def test_nothing_typed_is_neither_right_nor_wrong(alice: Client) -> None:
    mark = alice.get("/new/name/", {"name": ""}, headers=HTMX).content.decode()
    assert "name-mark__free" not in mark and "name-mark__verdict--fault" not in mark


def test_a_name_in_use_says_so(alice: Client, contoso: Site) -> None:
    mark = alice.get("/new/name/", {"name": "CONTOSO"}, headers=HTMX).content.decode()
    assert "is in use" in mark


def test_quick_create_leads_to_the_list_where_the_site_is_selected(alice: Client) -> None:
    answer = alice.post("/new/web-site/", {"name": "Fabrikam"}, headers=HTMX)
    assert answer["HX-Redirect"] == "/sites/"
    site = Site.objects.get()
    assert (site.name, site.mode) == ("fabrikam", "standard")
    page = alice.get("/sites/")
    assert page.context["tree"].selected == site.slots.get()
    assert "Creating web site &#x27;fabrikam&#x27;" in page.content.decode()


def test_a_double_click_creates_one_web_site(domain: Domain, alice: Client) -> None:
    """Without JavaScript the browser sends both, and shows the answer to the second."""
    for address, data in (
        ("/new/web-site/", {"name": "Fabrikam"}),
        ("/new/sample/", {}),
        ("/new/custom/", {"name": "wide", "mode": "standard", "instance_count": "2", "to": "create"}),
    ):
        first, second = alice.post(address, data), alice.post(address, data)
        assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
        assert first.status_code == 303
    assert sorted(Site.objects.values_list("name", flat=True)) == ["fabrikam", "hello", "wide"]
    assert alice.post("/new/web-site/", {"name": "fabrikam", "mode": "free"}).status_code == 400, "another one"
    for operation in Operation.objects.all():
        domain.work(operation)
    assert alice.post("/new/web-site/", {"name": "fabrikam"}).status_code == 400
    assert alice.post("/new/sample/")["Location"] == "/sites/hello-2/production/quickstart/"


def test_quick_create_takes_another_mode(alice: Client) -> None:
    assert alice.post("/new/web-site/", {"name": "fabrikam", "mode": "free"}).status_code == 303
    assert Site.objects.get().mode == "free"


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_a_refused_name_gives_back_what_was_typed(alice: Client, headers: dict[str, str]) -> None:
    answer = alice.post("/new/web-site/", {"name": "no good", "mode": "shared"}, headers=headers)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="no good"' in text and '<option value="shared" selected>' in text
    assert "name-mark__verdict--fault" in text


@pytest.mark.parametrize("address", ["/new/", "/new/custom/"])
def test_a_name_that_comes_with_the_address_is_judged(alice: Client, address: str) -> None:
    assert "name-mark__free" in alice.get(address, {"name": "fine"}).content.decode()
    refused = alice.get(address, {"name": "x y!"}).content.decode()
    assert "name-mark__free" not in refused and "name-mark__verdict--fault" in refused


@pytest.mark.parametrize("data", [{}, {"name": ""}, {"name": "fine", "mode": "golden"}, {"name": "x" * 200}])
def test_what_no_form_sends_is_refused_with_a_sentence(alice: Client, data: dict[str, str]) -> None:
    assert alice.post("/new/web-site/", data, headers=HTMX).status_code == 400
    assert not Site.objects.exists()


def test_a_stranger_to_every_subscription_cannot_create(bob: Client, charlie: Client) -> None:
    for client in (bob, charlie):
        assert client.post("/new/web-site/", {"name": "fabrikam"}).status_code == 403
        assert client.post("/new/sample/").status_code == 403
    assert not Site.objects.exists()


def test_the_sample_needs_one_click(domain: Domain, alice: Client) -> None:
    assert alice.post("/new/sample/", headers=HTMX)["HX-Redirect"] == "/sites/hello/production/quickstart/"
    assert domain.work(Operation.objects.latest("pk")).state == "succeeded"
    site = Site.objects.get()
    assert site.is_sample and site.slots.count() == 2
