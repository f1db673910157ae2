"""Publishing a zip in the portal: the question, the upload, and what is refused."""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from sites.models import Deployment, Operation, Slot
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import text

PRODUCTION = "/sites/contoso/production/publish/"
STAGING = "/sites/contoso/staging/publish/"


@pytest.fixture
def staged(domain: Domain) -> tuple[Slot, Slot]:
    """contoso with 'one' in production and 'two' in staging."""
    return domain.staged()


def _zip(domain: Domain, text: str = "three") -> SimpleUploadedFile:
    return SimpleUploadedFile("site.zip", domain.archive(text).read_bytes(), "application/zip")


def _uploads() -> list[Path]:
    return list(settings.UPLOAD_DIR.iterdir())


def test_a_zip_becomes_the_content_of_the_slot(domain: Domain, alice: Client, staged: object) -> None:
    answer = alice.post(STAGING, {"archive": _zip(domain), "message": "third"})
    assert answer.status_code == 303
    assert answer["Location"] == "/sites/contoso/staging/deployments/"
    domain.work(Operation.objects.filter(kind="publish").first())
    assert domain.serves("contoso-staging.localhost") == "third"
    assert domain.serves("contoso.localhost") == "one"
    assert not _uploads()


def test_without_a_message_the_file_names_it(domain: Domain, alice: Client, staged: object) -> None:
    alice.post(STAGING, {"archive": _zip(domain)}, headers=HTMX)
    assert Deployment.objects.order_by("pk").last().message == "site.zip"


def test_the_question_names_the_slot_in_capitals(alice: Client, staged: object) -> None:
    page = alice.get(PRODUCTION + "?name=site.zip").content.decode()
    assert (
        "&#x27;site.zip&#x27; to <strong>CONTOSO</strong>?" in page or "'site.zip' to <strong>CONTOSO</strong>?" in page
    )
    assert "confirmation--production" in page
    assert "<strong>CONTOSO (STAGING)</strong>" in alice.get(STAGING).content.decode()


def test_nothing_chosen_is_told(alice: Client, staged: object) -> None:
    answer = alice.post(STAGING, {"message": "x"}, headers=HTMX)
    assert answer.status_code == 400
    assert "No zip file was chosen" in answer.content.decode()


def test_no_zip_is_refused_and_leaves_nothing(alice: Client, staged: object) -> None:
    before = Deployment.objects.count()
    answer = alice.post(STAGING, {"archive": SimpleUploadedFile("site.zip", b"no zip at all")}, headers=HTMX)
    assert answer.status_code == 400
    assert "The archive was refused and nothing was changed" in answer.content.decode()
    assert Deployment.objects.count() == before
    assert not _uploads()


@override_settings(MAX_UPLOAD=100_000)
def test_what_is_too_large_is_ended_and_leaves_nothing(alice: Client, staged: object) -> None:
    large = SimpleUploadedFile("site.zip", b"x" * 300_000)
    answer = alice.post(STAGING, {"message": "m", "archive": large}, headers=HTMX)
    assert answer.status_code == 413
    assert "MAX_UPLOAD" in answer.content.decode()
    assert not _uploads()


@override_settings(DISK_RESERVE=2**62)
def test_on_a_full_disk_the_upload_is_ended_and_leaves_nothing(domain: Domain, alice: Client, staged: object) -> None:
    answer = alice.post(STAGING, {"message": "m", "archive": _zip(domain)}, headers=HTMX)
    assert answer.status_code == 507
    assert "are kept in reserve" in answer.content.decode()
    assert not _uploads()


@override_settings(SITE_CONTENT_BYTES=1)
def test_an_upload_beyond_the_quota_is_answered_with_what_to_do(domain: Domain, alice: Client, staged: object) -> None:
    answer = alice.post(STAGING, {"message": "m", "archive": _zip(domain)}, headers=HTMX)
    assert answer.status_code == 507
    assert "raise SITE_CONTENT_BYTES" in answer.content.decode()
    assert not _uploads()


def test_a_busy_slot_tells_who_holds_it(domain: Domain, alice: Client, staged: object) -> None:
    alice.post(STAGING, {"archive": _zip(domain)})
    answer = alice.post(STAGING, {"archive": _zip(domain)}, headers=HTMX)
    assert answer.status_code == 409
    assert "is held by the publication of alice" in answer.content.decode()


def test_a_form_from_elsewhere_is_refused(domain: Domain, staged: object) -> None:
    stranger = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    stranger.force_login(User.objects.get(username="alice"))
    assert stranger.post(STAGING, {"archive": _zip(domain)}).status_code == 403


def test_a_reader_is_turned_away_before_the_upload(domain: Domain, bob: Client, staged: object) -> None:
    answer = bob.post(STAGING, {"archive": _zip(domain)})
    assert answer.status_code == 403
    assert not _uploads()


def test_a_stranger_finds_nothing(domain: Domain, charlie: Client, staged: object) -> None:
    assert charlie.post(STAGING, {"archive": _zip(domain)}).status_code == 404
    assert charlie.get(STAGING).status_code == 404


def test_other_methods_are_not_there(alice: Client, staged: object) -> None:
    assert alice.put(STAGING).status_code == 405


def test_what_was_published_to_staging_is_offered_to_look_at_and_to_swap(
    domain: Domain, staged: tuple[Slot, Slot], alice: Client
) -> None:
    production, staging = staged
    domain.publish(production, "three")
    assert "notification-swap" not in text(alice.get("/sites/"))
    domain.publish(staging, "four")
    page = text(alice.get("/sites/"))
    assert 'id="notification-swap" href="/sites/contoso/staging/swap/"' in page
    assert 'id="notification-browse" href="http://contoso-staging.localhost:8080/"' in page
    domain.swap(*(Slot.objects.get(pk=slot.pk) for slot in (staging, production)))
    assert "notification-swap" not in text(alice.get("/sites/"))
