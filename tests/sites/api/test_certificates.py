"""Certificates, for programs: what is given where, and which are issued by themselves."""

import pytest
from pytest_django import Settings

from sites.models import AutomaticCertificate, CustomDomain, Slot
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of

OF_STAGING = "/sites/contoso/slots/staging/certificates"
WILD = "*.fabrikam.example"


@pytest.fixture(autouse=True)
def _names(settings: Settings, slots: tuple[Slot, Slot]) -> None:
    settings.ACME_DIRECTORY, settings.ACME_DNS_HOOK = "https://authority.example/dir", "/bin/true"
    settings.HTTPS_PORT = 443
    CustomDomain.objects.create(slot=slots[1], name=WILD).verify()


def test_an_automatic_certificate_is_started_shown_and_stopped(program: Program) -> None:
    done = operation_of(program.put(f"{OF_STAGING}/{WILD}/automatic"))
    assert done.outcome == f"A certificate is issued for {WILD} automatically from now on."
    AutomaticCertificate.objects.update(last_error="No A record.")
    assert program.put(f"{OF_STAGING}/{WILD}/automatic").json()["code"] == "SettingRefused"
    (shown,) = (one for one in program.get(OF_STAGING).json() if one["automatic"])
    assert (shown["host"], shown["state"], shown["last_error"]) == (WILD, "failed", "No A record.")
    assert (shown["issuer"], shown["expires_at"]) == (None, None) and shown["next_at"]
    operation_of(program.delete(f"{OF_STAGING}/{WILD}/automatic"))
    assert program.delete(f"{OF_STAGING}/{WILD}/automatic").status_code == 404
    assert not AutomaticCertificate.objects.exists()


def test_looking_and_changing_need_their_scopes(domain: Domain) -> None:
    reader = program_of(domain.alice, "read")
    assert [one["state"] for one in reader.get(OF_STAGING).json()] == ["off", "off", "off"]
    for scope in ("read", "publish"):
        asker = program_of(domain.alice, scope)
        assert asker.put(f"{OF_STAGING}/{WILD}/automatic").json()["code"] == "ScopeMissing"
    assert program_of(domain.charlie, "administer").get(OF_STAGING).status_code == 404
