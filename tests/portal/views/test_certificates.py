"""The dialog of certificates."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from sites.models import AutomaticCertificate, Certificate, CustomDomain, HostName, Site, Slot
from tests.portal.views.conftest import text
from tests.sites.tls.uploads import upload

ADDRESS = "/sites/contoso/staging/certificates/"
HOST = "contoso-staging.localhost"


def put(client: Client, content: bytes) -> object:
    return client.post(ADDRESS, {"file": SimpleUploadedFile("site.pem", content), "password": ""})


def test_a_certificate_is_uploaded_shown_and_removed(contoso: Site, alice: Client) -> None:
    assert put(alice, upload(HOST, days=5.5)).status_code == 303
    shown = text(alice.get(ADDRESS))
    assert "issued by Test authority" in shown
    assert ", in 5 days" in shown
    assert "PRIVATE KEY" not in shown
    question = f"{ADDRESS}{Certificate.objects.get().pk}/remove/"
    assert f'href="{question}' in shown
    asked = text(alice.get(question))
    assert "Are you sure you want to remove the certificate for" in asked and f"{HOST} gets a certificate of" in asked
    assert Certificate.objects.exists()
    assert alice.post(question).headers["Location"] == ADDRESS
    assert "You have no certificates yet" in text(alice.get(ADDRESS))
    assert alice.get(question).status_code == 404


def test_a_reader_removes_no_certificate(contoso: Site, alice: Client, bob: Client) -> None:
    put(alice, upload(HOST))
    question = f"{ADDRESS}{Certificate.objects.get().pk}/remove/"
    assert (bob.get(question).status_code, bob.post(question).status_code) == (403, 403)
    assert question not in text(bob.get(ADDRESS)) and Certificate.objects.exists()


def test_a_refusal_stands_in_the_dialog(contoso: Site, alice: Client) -> None:
    answer = put(alice, b"nonsense")
    assert answer.status_code == 400
    assert "it is neither PEM nor a PFX file" in text(answer)
    assert "no file was chosen" in text(alice.post(ADDRESS, {}))


def test_bindings_and_https_only_are_saved(contoso: Site, alice: Client, settings: Settings) -> None:
    settings.HTTPS_PORT = 8443
    put(alice, upload(HOST))
    host = HostName.objects.get(name=HOST)
    values = {"save": "1", f"binding-{host.pk}": "0", "https_only": "on", "hsts_days": "30", "least": "1.3"}
    assert alice.post(ADDRESS, values).status_code == 303
    host.refresh_from_db()
    slot = Slot.objects.get(name="staging")
    assert (host.certificate, slot.is_https_only, slot.refuses_tls_1_2, slot.hsts_days) == (None, True, True, 30)
    refused = alice.post(ADDRESS, values | {"https_only": "", "hsts_days": "12"})
    assert refused.status_code == 400 and "takes plain HTTP" in text(refused) and 'value="12"' in text(refused)
    assert f"https://{HOST}:8443/" in text(alice.get("/sites/contoso/staging/dashboard/"))


@pytest.mark.parametrize("days", ["", "abc", "-1", "731", "9" * 30])
def test_days_that_are_no_number_are_refused_at_their_field_and_all_is_kept(
    contoso: Site, alice: Client, settings: Settings, days: str
) -> None:
    settings.HTTPS_PORT = 8443
    put(alice, upload(HOST))
    Slot.objects.filter(name="staging").update(is_https_only=True, hsts_days=30)
    host = HostName.objects.get(name=HOST)
    refused = alice.post(ADDRESS, {"save": "1", f"binding-{host.pk}": "0", "hsts_days": days, "least": "1.3"})
    page = text(refused)
    assert refused.status_code == 400 and "is not a number of days from 0 to 730; nothing was saved" in page
    assert f'value="{days}" aria-invalid="true" aria-describedby="fault-days"' in page
    assert '<option value="1.3" selected>' in page and 'value="on" checked' not in page
    assert f'<option value="{host.certificate_id}" selected>' not in page
    slot = Slot.objects.get(name="staging")
    assert (slot.is_https_only, slot.refuses_tls_1_2, slot.hsts_days) == (True, False, 30)


def test_a_reader_looks_and_changes_nothing(contoso: Site, bob: Client) -> None:
    assert "certificates-save" not in text(bob.get(ADDRESS))
    assert put(bob, upload(HOST)).status_code == 403
    assert not Certificate.objects.exists()


def test_a_free_site_is_told_why_it_has_none(contoso: Site, alice: Client) -> None:
    Site.objects.update(mode="free")
    assert "is in Free mode" in text(alice.get(ADDRESS))
    assert put(alice, upload(HOST)).status_code == 409


def test_an_automatic_certificate_is_started_shown_and_stopped_after_a_question(
    contoso: Site, alice: Client, bob: Client, settings: Settings
) -> None:
    assert "Automatic certificates" not in text(alice.get(ADDRESS))
    settings.ACME_DIRECTORY, settings.HTTPS_PORT = "https://authority.example/dir", 443
    domain = CustomDomain.objects.create(slot=Slot.objects.get(name="staging"), name="test.fabrikam.example")
    domain.verify()
    host = HostName.objects.get(name=domain.name)
    assert "Not possible: it is a name of this machine alone" in text(alice.get(ADDRESS))
    assert bob.post(ADDRESS, {"automatic": host.pk}).status_code == 403
    assert alice.post(ADDRESS, {"automatic": host.pk}).status_code == 303
    shown = text(alice.get(ADDRESS))
    assert "waiting" in shown and f"certificates/{host.pk}/stop/" in shown
    AutomaticCertificate.objects.update(last_error="test.fabrikam.example got no certificate: <no> A record.")
    assert "&lt;no&gt; A record." in text(alice.get(ADDRESS))
    assert f"certificates/{host.pk}/stop/" not in text(bob.get(ADDRESS))
    question = f"{ADDRESS}{host.pk}/stop/"
    assert "Are you sure you want to stop automatic certificates for test.fabrikam.example" in text(alice.get(question))
    assert AutomaticCertificate.objects.exists()
    assert bob.post(question).status_code == 403
    assert alice.post(question).headers["Location"] == ADDRESS
    assert not AutomaticCertificate.objects.exists()
    assert alice.get(question).status_code == 404
    assert "cannot have an automatic certificate" in text(
        alice.post(ADDRESS, {"automatic": HostName.objects.get(name=HOST).pk})
    )
