"""The same questions to every address of the frame: owner, reader, stranger, nobody, wrong method, wrong name."""

import pytest
from django.test import Client

from sites.models import Operation, Site
from tests.portal.conftest import HTMX

SLOT = "/sites/contoso/staging/"
QUESTIONS = ("swap/", "delete/", "stop/", "mode/?mode=free", "enable/")
ORDERS = {
    "swap/": {"with": "production"},
    "delete/": {},
    "stop/": {},
    "restart/": {},
    "mode/": {"mode": "free"},
}
PAGES = ("/sites/", "/all/", "/operations/", "/new/", "/new/name/?name=abc", "/settings/account/")


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_pages_show_themselves_to_everybody_who_is_signed_in(
    alice: Client, charlie: Client, address: str, headers: dict[str, str]
) -> None:
    assert alice.get(address, headers=headers).status_code in (200, 286)
    assert charlie.get(address, headers=headers).status_code in (200, 286)


@pytest.mark.parametrize("address", [*PAGES, f"{SLOT}swap/", "/nowhere/"])
def test_nobody_sees_anything_before_signing_in(contoso: Site, browser: object, address: str) -> None:
    nobody = browser(None)
    answer = nobody.get(address)
    if address == "/nowhere/":
        assert answer.status_code == 404
        assert "contoso" not in answer.content.decode()
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/?next=/")


def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(browser: object, db: None) -> None:
    answer = browser(None).get("/operations/", headers=HTMX)
    assert answer["HX-Redirect"].startswith("/sign-in/?next=%2F")


@pytest.mark.parametrize("question", QUESTIONS[:-1])
def test_the_owner_is_asked_in_a_bar_or_on_a_page(contoso: Site, alice: Client, question: str) -> None:
    part, page = alice.get(SLOT + question, headers=HTMX), alice.get(SLOT + question)
    assert (part.status_code, page.status_code) == (200, 200)
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_reader_is_told_that_it_is_not_allowed(contoso: Site, bob: Client, question: str) -> None:
    answer = bob.get(SLOT + question, headers=HTMX)
    assert answer.status_code == 403
    assert answer["HX-Retarget"] == "#notification"
    assert "you are a reader" in answer.content.decode()


@pytest.mark.parametrize("question", [*QUESTIONS])
def test_a_stranger_learns_nothing(contoso: Site, charlie: Client, question: str) -> None:
    real, made_up = charlie.get(SLOT + question), charlie.get("/sites/nothing/staging/" + question)
    assert real.status_code == made_up.status_code == 404
    assert "contoso" not in real.content.decode().replace(SLOT, "")


@pytest.mark.parametrize("order", ORDERS)
def test_orders_of_readers_and_strangers_change_nothing(
    contoso: Site, bob: Client, charlie: Client, order: str
) -> None:
    before = Operation.objects.count()
    assert bob.post(SLOT + order, ORDERS[order]).status_code == 403
    assert charlie.post(SLOT + order, ORDERS[order]).status_code == 404
    assert Operation.objects.count() == before


@pytest.mark.parametrize("order", ["swap/", "delete/", "stop/", "restart/", "mode/"])
def test_an_order_begins_an_operation_and_shows_its_bar(contoso: Site, alice: Client, order: str) -> None:
    answer = alice.post(SLOT + order, ORDERS[order], headers=HTMX)
    operation = Operation.objects.latest("pk")
    assert (operation.is_open, operation.actor_name) == (True, "alice")
    if order == "delete/":
        assert answer.status_code == 200
    assert str(operation.public_id) in answer.content.decode()
    assert answer["HX-Trigger"] == "operations-changed"


@pytest.mark.parametrize("order", ["swap/", "delete/", "stop/", "restart/", "mode/"])
def test_without_javascript_an_order_leads_back_to_its_page(contoso: Site, alice: Client, order: str) -> None:
    answer = alice.post(SLOT + order, {**ORDERS[order], "next": "/sites/?selected=contoso/staging"})
    assert answer.status_code == 303
    assert answer["Location"].startswith("/sites/")
    assert 'data-operation="' in alice.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("order", ORDERS)
def test_a_second_order_is_refused_with_who_and_what(contoso: Site, alice: Client, order: str) -> None:
    alice.post(SLOT + "restart/")
    answer = alice.post(SLOT + order, ORDERS[order], headers=HTMX)
    assert answer.status_code == 409
    assert "is held by the restart of alice" in answer.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize(
    "address", [f"{SLOT}start/", f"{SLOT}restart/", "/sites/tree/", "/new/web-site/", "/sign-out/"]
)
def test_a_look_changes_nothing(contoso: Site, alice: Client, address: str) -> None:
    assert alice.get(address).status_code == 405


@pytest.mark.parametrize("address", ["/sites/", "/operations/", "/new/", "/news/", f"{SLOT}dashboard/"])
def test_pages_take_no_orders(contoso: Site, alice: Client, address: str) -> None:
    assert alice.post(address).status_code == 405


def test_nobody_is_sent_to_another_host(contoso: Site, alice: Client) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = alice.post(f"{SLOT}restart/", {"next": elsewhere})
        assert answer["Location"] == "/sites/" if answer.status_code == 303 else answer.status_code == 409
