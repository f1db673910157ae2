"""Certificates of a slot: taken, bound, kept through swaps, warned of and never shown."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from sites import routing
from sites.errors import (
    CertificateLimit,
    CertificateRefused,
    NotAllowed,
    NotFound,
    SettingRefused,
    TooManyCertificateChanges,
)
from sites.jobs import certificates as job
from sites.models import Certificate, HostName, Operation, Site, Slot
from sites.models.fields import decrypt
from sites.services import authority, automatic_certificates, certificates, domains
from tests.domain import Domain
from tests.sites.tls.uploads import pfx, upload

WWW = "www.fabrikam.example"


@pytest.fixture
def slots(domain: Domain, settings: Settings) -> tuple[Slot, Slot]:
    """Production and staging, with a domain name each."""
    settings.DOMAIN_PROOF = False
    settings.HTTPS_PORT = 8443
    production, staging = domain.staged()
    for slot, name in ((production, WWW), (staging, "test.fabrikam.example")):
        domains.add_domain(acting_user=domain.alice, slot=slot, text=name)
    return production, staging


def add(domain: Domain, slot: Slot, content: bytes | None = None, password: str = "") -> Certificate:
    content = content or upload(WWW, "contoso.localhost")
    return certificates.add_certificate(acting_user=domain.alice, slot=slot, content=content, password=password)


def given(slot: Slot) -> dict[str, str]:
    """Host name → the chain that is given there, as the routers are told."""
    table = routing.table_of(slot.site_id)
    return {host: one.chain for one in table.certificates for host in one.hosts}


def test_a_certificate_is_given_at_the_names_that_it_covers(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, staging = slots
    certificate = add(domain, production)
    assert given(production) == {WWW: certificate.chain, "contoso.localhost": certificate.chain}
    wild = add(domain, staging, pfx("*.fabrikam.example", password="secret"), "secret")
    assert given(staging)["test.fabrikam.example"] == wild.chain
    assert given(staging)[WWW] == certificate.chain


def test_the_key_leaves_the_database_encrypted(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    certificate = add(domain, slots[0])
    (told,) = routing.table_of(slots[0].site_id).certificates
    assert "PRIVATE KEY" not in told.key
    assert decrypt(told.key) == certificate.key
    assert "PRIVATE KEY" not in str(Operation.objects.values_list("outcome", flat=True))


def test_certificates_and_bindings_stay_through_swap_and_roll_back(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, staging = slots
    add(domain, production)
    add(domain, staging, upload("test.fabrikam.example"))
    before = given(production)
    assert len(before) == 3
    domain.swap(staging, production)
    assert (domain.serves(WWW), given(production)) == ("two", before)
    domain.roll_back(production.site)
    assert (domain.serves(WWW), given(production)) == ("one", before)


def test_a_newer_certificate_takes_over_and_an_older_one_does_not(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, _ = slots
    add(domain, production, upload(WWW, days=30))
    newer = add(domain, production, upload(WWW, days=90))
    add(domain, production, upload(WWW, days=60))
    assert given(production) == {WWW: newer.chain}
    certificates.remove_certificate(acting_user=domain.alice, slot=production, number=newer.pk)
    assert given(production) == {}


def test_a_name_that_is_proven_later_gets_the_certificate_that_waits(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, _ = slots
    certificate = add(domain, production, upload("shop.fabrikam.example"))
    assert given(production) == {}
    domains.add_domain(acting_user=domain.alice, slot=production, text="shop.fabrikam.example")
    assert given(production) == {"shop.fabrikam.example": certificate.chain}


def test_bindings_are_chosen_within_what_a_certificate_covers(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, staging = slots
    certificate, theirs = add(domain, production), add(domain, staging, upload(WWW))
    host, default = HostName.objects.get(name=WWW), HostName.objects.get(name="contoso.localhost")
    save_tls(domain, production, {host.pk: 0})
    assert given(production) == {"contoso.localhost": certificate.chain}
    save_tls(domain, production, {host.pk: certificate.pk, default.pk: 0})
    assert given(production) == {WWW: certificate.chain}
    other = add(domain, production, upload("other.example"))
    with pytest.raises(SettingRefused, match=r"is not good for www\.fabrikam\.example; nothing was saved"):
        save_tls(domain, production, {host.pk: other.pk})
    with pytest.raises(NotFound):
        save_tls(domain, production, {host.pk: theirs.pk})


def save_tls(domain: Domain, slot: Slot, bindings: dict[int, int] | None = None, **values: int) -> None:
    asked = {"is_https_only": False, "refuses_tls_1_2": False} | values
    certificates.save_tls(acting_user=domain.alice, slot=slot, bindings=bindings or {}, **asked)


def test_https_only_and_tls_1_3_are_the_slots_and_stay(
    domain: Domain, slots: tuple[Slot, Slot], settings: Settings
) -> None:
    production, staging = slots
    save_tls(domain, production, is_https_only=True, refuses_tls_1_2=True)

    def wanted() -> dict[str, tuple[int, bool]]:
        hosts = routing.table_of(production.site_id).hosts
        return {host.host: (host.https_only_port, host.refuses_tls_1_2) for host in hosts}

    before = wanted()
    assert before[WWW] == before["contoso.localhost"] == (8443, True)
    assert before["contoso.scm.localhost"] == before["contoso-staging.localhost"] == (0, False)
    domain.swap(staging, production)
    assert wanted() == before
    settings.HTTPS_PORT = 0
    with pytest.raises(SettingRefused, match="cannot be reached by HTTPS here"):
        save_tls(domain, staging, is_https_only=True)


def test_browsers_are_told_to_keep_to_https_where_the_slot_takes_nothing_else(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    production, _ = slots

    def told() -> int:
        return next(host.hsts_days for host in routing.table_of(production.site_id).hosts if host.host == WWW)

    save_tls(domain, production, is_https_only=True, hsts_days=30)
    assert told() == 30
    save_tls(domain, production, is_https_only=True, refuses_tls_1_2=True)
    assert told() == 30, "whoever says nothing of it changes nothing"
    for values, reason in (({"hsts_days": 5}, "takes plain HTTP"), ({"hsts_days": 731}, "0 to 730 days, not 731")):
        with pytest.raises(SettingRefused, match=reason):
            save_tls(domain, production, **values)
    save_tls(domain, production)
    assert told() == 0


def test_only_standard_sites_have_certificates_and_they_come_back_with_the_mode(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    production, _ = slots
    add(domain, production)
    Site.objects.filter(pk=production.site_id).update(mode="shared")
    assert given(production) == {}
    production = Slot.objects.select_related("site").get(pk=production.pk)
    with pytest.raises(CertificateLimit, match="can have no certificates"):
        add(domain, production, upload("other.example"))
    Site.objects.filter(pk=production.site_id).update(mode="standard")
    assert len(given(production)) == 2


def test_nobody_changes_the_certificates_of_a_site_without_end(
    domain: Domain, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "MOST_CHANGES", 3)
    production, staging = slots
    certificate = add(domain, production)
    host = HostName.objects.get(name=WWW)
    save_tls(domain, production, {host.pk: 0})
    save_tls(domain, staging)
    values = {"acting_user": domain.alice, "slot": production}
    for ask in (
        lambda: save_tls(domain, production, {host.pk: certificate.pk}),
        lambda: add(domain, staging, upload("test.fabrikam.example")),
        lambda: certificates.remove_certificate(**values, number=certificate.pk),
        lambda: automatic_certificates.stop(**values, name=WWW),
    ):
        with pytest.raises(TooManyCertificateChanges, match="3 times within an hour, and were") as caught:
            ask()
        assert 3_500 < caught.value.values["retry_after"] <= 3_601
    assert given(production) == {"contoso.localhost": certificate.chain}
    oldest = Operation.objects.filter(kind="certificates").order_by("created_at")[0]
    Operation.objects.filter(pk=oldest.pk).update(created_at=oldest.created_at - certificates.CHANGES_WITHIN)
    save_tls(domain, production, {host.pk: certificate.pk})
    assert given(production)[WWW] == certificate.chain


def test_the_same_certificate_is_taken_once(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    content = upload(WWW)
    add(domain, slots[0], content)
    with pytest.raises(CertificateRefused, match="'contoso' has it already"):
        add(domain, slots[0], content)


def test_only_who_may_change_a_slot_changes_its_tls(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    certificate = add(domain, slots[0])
    for user, refusal in ((domain.bob, NotAllowed), (domain.charlie, NotFound)):
        values = {"acting_user": user, "slot": Slot.objects.get(pk=slots[0].pk)}
        for ask in (
            lambda values=values: certificates.add_certificate(**values, content=upload(WWW), password=""),
            lambda values=values: certificates.remove_certificate(**values, number=certificate.pk),
            lambda values=values: certificates.save_tls(
                **values, bindings={}, is_https_only=False, refuses_tls_1_2=False
            ),
        ):
            with pytest.raises(refusal):
                ask()


def test_of_a_certificate_that_ends_people_are_warned_once_at_each_limit(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    certificate = add(domain, slots[0], upload(WWW, days=40))

    def warned(*, days: float) -> list[str]:
        end = certificate.not_after - timedelta(days=40 - days)
        Certificate.objects.update(not_after=end)
        before = Operation.objects.count()
        job.run()
        job.run()
        return list(Operation.objects.order_by("pk").values_list("outcome", flat=True)[before:])

    assert warned(days=40) == []
    assert len(said := warned(days=29.5)) == 1
    assert "in 29 days. Upload a new one" in said[0]
    assert warned(days=20) == []
    assert len(warned(days=6.5)) == 1
    assert len(warned(days=0.5)) == 1
    assert "expired on" in warned(days=-2)[0]


def test_the_authority_is_named_by_the_command_and_its_key_is_renewed(settings: Settings, tmp_path: Path) -> None:
    settings.TLS_DIR = tmp_path / "tls"
    output = StringIO()
    call_command("trust", stdout=output)
    assert str(settings.TLS_DIR / "authority.crt") in output.getvalue()
    assert [(one.seen, one.unreadable) for one in authority.renew_key()] == [(1, 0)]


def test_a_certificate_of_the_installation_that_cannot_be_read_is_named(settings: Settings) -> None:
    settings.TLS_CERTIFICATE = "/nowhere.pem"
    with pytest.raises(CertificateRefused, match=r"/nowhere\.pem cannot be read"):
        authority.installation_pair()
