"""NEW, custom create: two pages, by htmx and without."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sites.models import Operation, Site
from tests.domain import Domain
from tests.portal.conftest import HTMX

FIRST = {"name": "Fabrikam", "mode": "standard", "instance_count": "2"}


def archive(text: str = "hello") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("index.html", text)
    return SimpleUploadedFile("site.zip", buffer.getvalue(), "application/zip")


def test_a_chosen_zip_is_published_also_if_no_content_was_chosen(domain: Domain, alice: Client) -> None:
    assert alice.post("/new/custom/", {**FIRST, "to": "create", "archive": archive()}).status_code == 303
    assert domain.work(Operation.objects.get()).state == "succeeded"
    assert domain.serves("fabrikam.localhost") == "site.zip"


def test_a_chosen_zip_is_never_dropped_in_silence(domain: Domain, alice: Client) -> None:
    sample = alice.post("/new/custom/", {**FIRST, "to": "create", "beginning": "sample", "archive": archive()})
    assert sample.status_code == 400
    assert "A zip file was chosen, and so was a beginning without it; nothing was created." in sample.content.decode()
    back = alice.post("/new/custom/", {**FIRST, "to": "1", "archive": archive()})
    assert "The zip that you chose is not kept while you go back." in back.content.decode()
    assert not Site.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_the_first_page_leads_to_the_second_and_back_with_what_was_typed(
    alice: Client, headers: dict[str, str]
) -> None:
    first = alice.get("/new/custom/", headers=headers).content.decode()
    assert "New website - custom create" in first and "Create Web Site" in first
    second = alice.post("/new/custom/", {**FIRST, "to": "2"}, headers=headers).content.decode()
    assert 'name="archive"' in second and 'name="name" value="Fabrikam"' in second
    back = alice.post("/new/custom/", {**FIRST, "to": "1"}, headers=headers).content.decode()
    assert 'value="Fabrikam"' in back and 'value="2"' in back
    assert not Site.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"name": "no good"}, {"name": ""}, {"instance_count": "11"}, {"mode": "free"}, {"mode": "golden"}]
)
def test_the_first_page_says_what_is_wrong(alice: Client, wrong: dict[str, str]) -> None:
    answer = alice.post("/new/custom/", {**FIRST, "to": "2", **wrong}, headers=HTMX)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode() and 'id="custom-next"' in answer.content.decode()
    assert ("name-mark__free" in answer.content.decode()) == ("name" not in wrong), "no tick beside a refused name"


def test_the_first_page_says_everything_that_is_wrong_at_once(alice: Client) -> None:
    for wrong in (
        {"name": "no good", "instance_count": "11"},
        {"name": "no good", "mode": "free", "instance_count": "2"},
    ):
        shown = alice.post("/new/custom/", {**FIRST, "to": "2", **wrong}, headers=HTMX).content.decode()
        assert '<a href="#new-name">URL</a>: It contains a space. Use letters' in shown
        assert '<a href="#custom-count">Instance count</a>: ' in shown and shown.count('aria-invalid="true"') == 2
        assert "2 values cannot be taken. Nothing was created yet" in shown


def test_a_site_without_content(domain: Domain, alice: Client) -> None:
    answer = alice.post("/new/custom/", {**FIRST, "to": "create"}, headers=HTMX)
    assert answer["HX-Redirect"] == "/sites/"
    assert domain.work(Operation.objects.get()).state == "succeeded"
    assert domain.serves("fabrikam.localhost") == "placeholder"
    assert Site.objects.get().slots.get().instance_count == 2


def test_the_sample_with_staging(domain: Domain, alice: Client) -> None:
    data = {**FIRST, "to": "create", "beginning": "sample", "has_staging": "on"}
    assert alice.post("/new/custom/", data).status_code == 303
    assert domain.work(Operation.objects.get()).state == "succeeded"
    assert domain.serves("fabrikam.localhost") == "Version 1 of the sample"
    assert domain.serves("fabrikam-staging.localhost") == "Version 2 of the sample"


def test_a_zip_of_ones_own(domain: Domain, alice: Client) -> None:
    data = {**FIRST, "to": "create", "beginning": "upload", "archive": archive(), "has_staging": "on"}
    assert alice.post("/new/custom/", data, headers=HTMX)["HX-Redirect"] == "/sites/"
    operation = domain.work(Operation.objects.get())
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("fabrikam.localhost") == "site.zip"
    assert domain.serves("fabrikam-staging.localhost") == "placeholder"
    assert "building" in operation.steps.values_list("step", flat=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"beginning": "upload"},
        {"beginning": "upload", "archive": SimpleUploadedFile("x.zip", b"no archive")},
        {"mode": "shared", "has_staging": "on"},
    ],
    ids=["no file", "no archive", "no staging in Shared"],
)
def test_the_second_page_says_what_is_wrong_and_creates_nothing(alice: Client, wrong: dict[str, object]) -> None:
    answer = alice.post("/new/custom/", {**FIRST, "to": "create", **wrong}, headers=HTMX)
    assert answer.status_code == 400 and 'role="alert"' in answer.content.decode()
    assert 'id="custom-create-site"' in answer.content.decode()
    assert not Site.objects.exists() and not Operation.objects.exists()


def test_who_may_not_create_is_told_before_the_upload(bob: Client, charlie: Client) -> None:
    for client in (bob, charlie):
        assert client.get("/new/custom/").status_code == 403
        assert client.post("/new/custom/", {**FIRST, "to": "create"}).status_code == 403
    assert not Site.objects.exists()
