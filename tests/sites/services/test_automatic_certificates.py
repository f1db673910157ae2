"""Automatic certificates: who may want one, for which names, and what stays with the slot."""

import pytest
from pytest_django import Settings

from sites.errors import CertificateLimit, NotAllowed, NotFound, SettingRefused
from sites.jobs import certificates as warnings
from sites.models import AutomaticCertificate, Certificate, HostName, Operation, Site, Slot
from sites.services import automatic_certificates, certificates, domains
from tests.domain import Domain
from tests.sites.tls.uploads import upload

WWW = "www.fabrikam.example"


@pytest.fixture
def slots(domain: Domain, settings: Settings) -> tuple[Slot, Slot]:
    """Production and staging with a domain name each, and an authority."""
    settings.DOMAIN_PROOF = False
    settings.HTTPS_PORT = 443
    settings.ACME_DIRECTORY = "https://authority.example/dir"
    production, staging = domain.staged()
    for slot, name in ((production, WWW), (staging, "test.fabrikam.example")):
        domains.add_domain(acting_user=domain.alice, slot=slot, text=name)
    return production, staging


def start(domain: Domain, slot: Slot, name: str = WWW) -> None:
    automatic_certificates.start(acting_user=domain.alice, slot=slot, name=name)


def test_it_is_wanted_once_recorded_and_stopped(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    start(domain, slots[0])
    assert Operation.objects.first().outcome == f"A certificate is issued for {WWW} automatically from now on."
    with pytest.raises(SettingRefused, match="has an automatic certificate already"):
        start(domain, slots[0])
    automatic_certificates.stop(acting_user=domain.alice, slot=slots[0], name=WWW)
    assert not AutomaticCertificate.objects.exists()
    with pytest.raises(NotFound):
        automatic_certificates.stop(acting_user=domain.alice, slot=slots[0], name=WWW)


def test_it_stays_with_its_slot_through_swap_and_roll_back(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, staging = slots
    start(domain, production)

    def held() -> list[str]:
        return [str(shown.host) for shown in automatic_certificates.hosts_of(production) if shown.wish]

    domain.swap(staging, production)
    assert held() == [WWW]
    domain.roll_back(production.site)
    assert held() == [WWW]


def test_names_that_no_authority_would_take_are_refused_with_the_reason(
    domain: Domain, slots: tuple[Slot, Slot], settings: Settings
) -> None:
    domains.add_domain(acting_user=domain.alice, slot=slots[0], text="*.fabrikam.example")
    with pytest.raises(SettingRefused, match="a name of this machine alone"):
        start(domain, slots[0], "contoso.localhost")
    with pytest.raises(SettingRefused, match="no DNS server is set for that"):
        start(domain, slots[0], "*.fabrikam.example")
    with pytest.raises(NotFound):
        start(domain, slots[0], "test.fabrikam.example")
    settings.HTTPS_PORT = 0
    with pytest.raises(SettingRefused, match="does not speak TLS"):
        start(domain, slots[0])
    settings.ACME_DIRECTORY = ""
    with pytest.raises(SettingRefused, match="has no authority that issues certificates"):
        start(domain, slots[0])
    assert not AutomaticCertificate.objects.exists()


def test_only_who_may_change_a_slot_of_a_standard_site_wants_one(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    for user, refusal in ((domain.bob, NotAllowed), (domain.charlie, NotFound)):
        for ask in (automatic_certificates.start, automatic_certificates.stop):
            with pytest.raises(refusal):
                ask(acting_user=user, slot=Slot.objects.get(pk=slots[0].pk), name=WWW)
    Site.objects.update(mode="shared")
    with pytest.raises(CertificateLimit):
        start(domain, Slot.objects.select_related("site").get(pk=slots[0].pk))


def issued(domain: Domain, slot: Slot, days: float = 60) -> Certificate:
    """A certificate as if it had been issued by itself."""
    start(domain, slot)
    content = upload(WWW, days=days)
    found = certificates.add_certificate(acting_user=domain.alice, slot=slot, content=content, password="")
    AutomaticCertificate.objects.update(certificate=found)
    return found


def test_one_that_is_renewed_by_itself_is_not_removed_by_accident(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    found = issued(domain, slots[0])
    with pytest.raises(SettingRefused, match="Stop the automatic certificate first"):
        certificates.remove_certificate(acting_user=domain.alice, slot=slots[0], number=found.pk)
    automatic_certificates.stop(acting_user=domain.alice, slot=slots[0], name=WWW)
    assert HostName.objects.get(name=WWW).certificate == found, "it is given until its end"
    certificates.remove_certificate(acting_user=domain.alice, slot=slots[0], number=found.pk)
    assert not Certificate.objects.exists()


def test_of_its_end_people_are_warned_only_when_its_renewal_fails(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    issued(domain, slots[0], days=6)
    before = Operation.objects.count()
    warnings.run()
    assert Operation.objects.count() == before
    AutomaticCertificate.objects.update(failures=2, last_error=f"{WWW} got no certificate: no A record.")
    warnings.run()
    assert (
        "Its renewal fails: www.fabrikam.example got no certificate: no A record." in Operation.objects.first().outcome
    )
