"""Orders of certificates: from the wish to the host name, through every death, refusal and delay."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from sites import routing
from sites.acme import errand, records
from sites.acme.records import RecordRefused
from sites.acme.shapes import Access, AccountUnknown, AcmeRefused, AcmeUnreachable, Answer, Placed, Proof, kind_for
from sites.jobs import automatic_certificates, orders
from sites.jobs import certificates as warnings
from sites.models import (
    AcmeAccount,
    AutomaticCertificate,
    Certificate,
    CertificateOrder,
    HostName,
    Operation,
    RouterNode,
    Site,
    Slot,
)
from sites.models.clock import now
from sites.router.table import OWN
from sites.services import automatic_certificates as service
from sites.services import domains, own_certificates
from sites.tls.issuing import read_key
from sites.tls.pair import read_pair
from tests.domain import Domain
from tests.sites.tls.uploads import pem_of, signed

WWW, WILD = "www.fabrikam.example", "*.fabrikam.example"
URI = "https://authority.example/account/1"


class Authority:
    """An authority in memory; `says` are exceptions that it meets a call with, the next one first."""

    def __init__(self) -> None:
        self.says: list[Exception | None] = []
        self.asked: list[str] = []
        self.is_patient = False
        """It has not looked at the proofs yet."""
        self.days = 90.0
        self.records: set[tuple[str, str]] = set()
        self.renew_at: datetime | None = None

    def _meet(self, what: str) -> None:
        self.asked.append(what)
        met = self.says.pop(0) if self.says else None
        if met is not None:
            raise met

    def place(self, access: Access, name: str, key: str) -> Answer:
        self._meet(f"place {access.account_uri}".strip())
        assert read_key(key) and read_key(access.account_key)
        proof = Proof(name.removeprefix("*."), "https://authority.example/z", "token", "token.thumb")
        return Answer(access.account_uri or URI, Placed("https://authority.example/o", "https://f", (proof,)))

    def conclude(self, access: Access, placed: Placed, name: str, key: str) -> Answer:
        self._meet("conclude")
        if self.is_patient:
            return Answer(access.account_uri)
        if kind_for(name) == "http-01":
            assert proofs_at(name) == ((placed.proofs[0].token, placed.proofs[0].value),)
        else:
            assert (placed.proofs[0].name, placed.proofs[0].value) in self.records
        return Answer(access.account_uri, chain=pem_of(signed(name, key=read_key(key), days=self.days)).decode())

    def renewal_time(self, access: Access, chain: str) -> datetime | None:
        self._meet("renewal")
        return self.renew_at

    def add(self, place: object, name: str, value: str, environment: object) -> None:
        self._meet("add")
        self.records.add((name, value))

    def remove(self, place: object, name: str, value: str, environment: object) -> None:
        self._meet("remove")
        self.records.discard((name, value))


def proofs_at(name: str) -> tuple[tuple[str, str], ...]:
    """What the routers answer to the authority at a host name."""
    site = Site.objects.get(slots__host_names__name=name)
    return next(host.proofs for host in routing.table_of(site.pk).hosts if host.host == name)


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Authority:
    made = Authority()
    for module, names in ((errand, ("place", "conclude", "renewal_time")), (records, ("add", "remove"))):
        for name in names:
            monkeypatch.setattr(module, name, getattr(made, name))
    monkeypatch.setattr(orders, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(automatic_certificates, "read_upload", read_pair)  # without a process of its own
    settings.ACME_DIRECTORY = "https://authority.example/dir"
    settings.ACME_DNS_HOOK = "/bin/true"
    settings.HTTPS_PORT = 443
    settings.DOMAIN_PROOF = False
    return made


class AtOnce:
    """In place of threads, which have a database of their own in tests."""

    def __init__(self, **_: object) -> None:
        pass

    def __enter__(self) -> "AtOnce":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, do: Callable[[Any], Any], values: list[Any]) -> list[Any]:
        return [do(value) for value in values]


@pytest.fixture
def slot(domain: Domain, authority: Authority) -> Slot:
    production = domain.create().slots.get()
    for name in (WWW, WILD):
        domains.add_domain(acting_user=domain.alice, slot=production, text=name)
    return production


def start(domain: Domain, slot: Slot, name: str = WWW) -> AutomaticCertificate:
    service.start(acting_user=domain.alice, slot=slot, name=name)
    return AutomaticCertificate.objects.get(host_name__name=name)


def turn() -> None:
    """What a worker does in its turn, whatever is not due yet."""
    CertificateOrder.objects.exclude(due_at=None).update(due_at=now())
    automatic_certificates.begin_due()
    orders.run()


def work() -> None:
    """Until there is nothing to do."""
    for _ in range(20):
        turn()
        if not orders.is_needed() and not CertificateOrder.objects.exclude(due_at=None).exists():
            return
    raise AssertionError(CertificateOrder.objects.values_list("name", "state", "tries"))


def given(slot: Slot) -> dict[str, str]:
    table = routing.table_of(slot.site_id)
    return {host: one.chain for one in table.certificates for host in one.hosts}


def make_due(name: str = WWW) -> None:
    AutomaticCertificate.objects.filter(host_name__name=name).update(due_at=now())


def test_a_wish_becomes_a_certificate_that_is_given_and_renewed_in_time(
    domain: Domain, slot: Slot, authority: Authority
) -> None:
    start(domain, slot)
    work()
    wish = AutomaticCertificate.objects.get()
    certificate = wish.certificate
    assert given(slot) == {WWW: certificate.chain}
    assert certificate.names == [WWW]
    left = certificate.not_after - wish.due_at
    assert timedelta(days=30) <= left <= timedelta(days=33)
    assert proofs_at(WWW) == ()
    order = CertificateOrder.objects.get()
    assert (order.state, str(order.key)) == ("issued", "")
    said = Operation.objects.first().outcome
    assert said.startswith(f"{WWW} has a certificate by Test authority, good until ")
    assert AcmeAccount.objects.get().uri == URI


def test_a_renewal_takes_the_place_of_its_forerunner_and_nothing_else(
    domain: Domain, slot: Slot, authority: Authority
) -> None:
    start(domain, slot)
    work()
    first = Certificate.objects.get()
    make_due()
    work()
    second = Certificate.objects.get()
    assert first.fingerprint != second.fingerprint
    assert given(slot) == {WWW: second.chain}
    assert authority.asked.count(f"place {URI}") == 1
    HostName.objects.filter(name=WWW).update(certificate=None)
    make_due()
    work()
    assert given(slot) == {}, "whoever chose the installation's certificate keeps it"


def test_a_wildcard_is_proven_by_a_record_that_is_removed_again(
    domain: Domain, slot: Slot, authority: Authority
) -> None:
    start(domain, slot, WILD)
    authority.says = [None, None, AcmeUnreachable("away")]
    work()
    assert given(slot) == {WILD: Certificate.objects.get().chain}
    assert authority.records == set()
    assert authority.asked == ["place", "add", "conclude", "conclude", "remove"]


@pytest.mark.parametrize(("name", "step"), [(WWW, 0), (WWW, 1), (WWW, 2), (WILD, 1), (WILD, 2), (WILD, 3)])
def test_a_worker_may_die_after_any_step_before_it_has_said_so(
    domain: Domain, slot: Slot, authority: Authority, monkeypatch: pytest.MonkeyPatch, name: str, step: int
) -> None:
    start(domain, slot, name)
    done = 0

    def settle(_: orders.Step) -> list[automatic_certificates.Notice]:
        raise KeyboardInterrupt

    for _ in range(8):
        with monkeypatch.context() as patch:
            if done == step:
                patch.setattr(orders, "_settle", settle)
            try:
                turn()
            except KeyboardInterrupt:
                pass
        done += 1
    assert list(given(slot)) == [name]
    assert (Certificate.objects.count(), authority.records) == (1, set())
    assert not CertificateOrder.objects.exclude(due_at=None).exists()


def test_a_refusal_is_said_once_and_tried_later_and_later(domain: Domain, slot: Slot, authority: Authority) -> None:
    wish = start(domain, slot)
    before = Operation.objects.count()
    pauses = []
    for _ in range(3):
        authority.says = [None, AcmeRefused("DNS problem: no A record")]
        make_due()
        work()
        wish.refresh_from_db()
        pauses.append(round((wish.due_at - now()).total_seconds() / 3600))
    assert pauses == [1, 2, 4]
    assert wish.last_error == f"{WWW} got no certificate: DNS problem: no A record."
    assert Operation.objects.count() == before + 1
    assert Operation.objects.first().outcome.startswith(f"{wish.last_error} It is tried again at ")
    assert proofs_at(WWW) == ()
    make_due()
    work()
    wish.refresh_from_db()
    assert (wish.failures, wish.last_error, list(given(slot))) == (0, "", [WWW])


def test_owners_get_one_mail_for_a_row_of_failures(
    domain: Domain, slot: Slot, authority: Authority, settings: Settings
) -> None:
    settings.EMAIL_HOST = "mail.example"
    for user, verified in ((domain.alice, True), (domain.bob, True), (domain.charlie, False)):
        address = f"{user.username}@fabrikam.example"
        EmailAddress.objects.create(user=user, email=address, verified=verified, primary=True)
    start(domain, slot)
    told = []
    for _ in range(2):
        authority.says = [AcmeRefused("no A record")]
        make_due()
        automatic_certificates.begin_due()
        told += orders.run() or []
    assert [(notice.to, "no A record" in notice.body) for notice in told] == [("alice@fabrikam.example", True)]
    assert orders.run() is None


def test_an_authority_that_is_away_is_asked_again_for_an_hour(domain: Domain, slot: Slot, authority: Authority) -> None:
    start(domain, slot)
    authority.says = [AcmeUnreachable("it cannot be reached")] * 3
    turn()
    turn()
    order = CertificateOrder.objects.get()
    assert (order.state, order.tries) == ("requested", 2)
    CertificateOrder.objects.update(created_at=now() - timedelta(hours=2))
    turn()
    assert "it cannot be reached" in AutomaticCertificate.objects.get().last_error


def test_an_authority_that_does_not_come_to_an_end_is_given_up(
    domain: Domain, slot: Slot, authority: Authority
) -> None:
    start(domain, slot)
    authority.is_patient = True
    for _ in range(4):
        turn()
    assert CertificateOrder.objects.get().state == "proving"
    CertificateOrder.objects.update(created_at=now() - timedelta(hours=2))
    turn()
    assert "has not issued it within an hour" in AutomaticCertificate.objects.get().last_error


def test_an_account_that_the_authority_has_lost_is_made_anew(domain: Domain, slot: Slot, authority: Authority) -> None:
    start(domain, slot)
    work()
    make_due()
    authority.says = [AccountUnknown()]
    authority.asked.clear()
    work()
    assert authority.asked[:2] == [f"place {URI}", "place"]
    assert AcmeAccount.objects.count() == 1 and list(given(slot)) == [WWW]


def test_the_authority_looks_only_when_every_router_shows_the_proof(
    domain: Domain, slot: Slot, authority: Authority
) -> None:
    RouterNode.objects.create(node_id="router-2", last_seen_at=now())
    start(domain, slot)
    for _ in range(4):
        turn()
    assert CertificateOrder.objects.get().state == "placed"
    assert "conclude" not in authority.asked
    CertificateOrder.objects.update(placed_at=now() - timedelta(minutes=2))
    work()
    assert list(given(slot)) == [WWW], "a router that stays away gets no visitor either"


def test_a_record_that_cannot_be_written_fails_the_order_and_what_may_stand_is_removed(
    domain: Domain, slot: Slot, authority: Authority
) -> None:
    start(domain, slot, WILD)
    authority.says = [None, RecordRefused("no such zone")]
    work()
    assert "no such zone" in AutomaticCertificate.objects.get().last_error
    assert authority.asked == ["place", "add", "remove"]


def test_a_record_that_cannot_be_removed_is_tried_some_times(domain: Domain, slot: Slot, authority: Authority) -> None:
    start(domain, slot, WILD)
    authority.says = [None, None, None, *[RecordRefused("away")] * 9]
    work()
    assert authority.asked.count("remove") == orders.REMOVALS
    assert list(given(slot)) == [WILD]


def test_who_stops_or_gives_the_name_up_ends_the_order(domain: Domain, slot: Slot, authority: Authority) -> None:
    start(domain, slot)
    turn()
    turn()
    service.stop(acting_user=domain.alice, slot=slot, name=WWW)
    assert proofs_at(WWW) == ()
    work()
    assert (CertificateOrder.objects.get().state, given(slot)) == ("failed", {})
    start(domain, slot, WILD)
    turn()
    number = slot.custom_domains.get(name=WILD).pk
    domains.remove_domain(acting_user=domain.alice, slot=slot, number=number)
    work()
    assert not AutomaticCertificate.objects.exists()
    assert {order.state for order in CertificateOrder.objects.all()} == {"failed"}


def test_a_subscription_and_the_installation_order_so_many_a_day(
    domain: Domain, slot: Slot, authority: Authority, settings: Settings
) -> None:
    settings.ACME_ORDERS_PER_SUBSCRIPTION = 2
    for _ in range(3):
        wish = start(domain, slot)
        work()
        service.stop(acting_user=domain.alice, slot=slot, name=WWW)
    assert CertificateOrder.objects.count() == 2
    wish = start(domain, slot)
    turn()
    wish.refresh_from_db()
    assert "the subscription has ordered 2 within a day" in wish.last_error
    assert wish.due_at > now()
    settings.ACME_ORDERS_PER_SUBSCRIPTION, settings.ACME_ORDERS = 20, 2
    make_due()
    turn()
    wish.refresh_from_db()
    assert "the installation has ordered 2 within a day" in wish.last_error
    CertificateOrder.objects.update(created_at=now() - timedelta(days=1, minutes=1))
    make_due()
    work()
    assert CertificateOrder.objects.count() == 3


def test_a_site_that_has_left_standard_mode_orders_none(domain: Domain, slot: Slot, authority: Authority) -> None:
    start(domain, slot)
    Site.objects.update(mode="shared")
    turn()
    assert not CertificateOrder.objects.exists()
    assert "is in Shared mode, which has no certificates" in AutomaticCertificate.objects.get().last_error


def test_the_authority_may_want_a_certificate_to_be_renewed_sooner(
    domain: Domain, slot: Slot, authority: Authority
) -> None:
    start(domain, slot)
    work()
    wish = AutomaticCertificate.objects.get()
    authority.renew_at = wish.due_at + timedelta(days=5)
    automatic_certificates.ask_for_times()
    assert AutomaticCertificate.objects.get().due_at == wish.due_at
    assert not automatic_certificates.are_times_needed(), "it is asked twice a day"
    AutomaticCertificate.objects.update(asked_at=None)
    authority.renew_at = now() - timedelta(hours=1)
    automatic_certificates.ask_for_times()
    assert automatic_certificates.is_needed()


def test_what_was_ordered_long_ago_is_forgotten(domain: Domain, slot: Slot, authority: Authority) -> None:
    start(domain, slot)
    work()
    CertificateOrder.objects.update(created_at=now() - timedelta(days=31))
    automatic_certificates.begin_due()
    assert not CertificateOrder.objects.exists()


def test_keys_are_encrypted_in_every_row(domain: Domain, slot: Slot, authority: Authority) -> None:
    start(domain, slot)
    turn()
    for model in (AcmeAccount, CertificateOrder):
        assert "PRIVATE KEY" not in str(model.objects.values().get())


@pytest.fixture
def own(authority: Authority, settings: Settings) -> Authority:
    """The installation wants certificates for itself."""
    settings.TLS_PORT, settings.EMAIL_HOST = 443, "mail.example"
    settings.SUFFIX, settings.PORTAL_HOST = "fabrikam.example", "portal.fabrikam.example"
    settings.ACME_FOR = ["portal", "publishing"]
    return authority


def test_the_installation_orders_for_its_own_names_and_proves_the_portals_itself(
    own: Authority, settings: Settings, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal, scm = "portal.fabrikam.example", "*.scm.fabrikam.example"
    monkeypatch.setitem(globals(), "proofs_at", lambda _: (("token", own_certificates.proof_of_portal("token")),))
    settings.ACME_ORDERS = 0  # subscriptions may have used it up
    assert own_certificates.lines() == [f"{portal}: being ordered", f"{scm}: being ordered"]
    work()
    (told,) = routing.all_tables()
    assert [one.hosts for one in told.certificates] == [(scm,), (portal,)]
    assert (told.site_id, told.hosts, told.version) == (OWN, (), routing.versions()[OWN])
    assert "PRIVATE KEY" not in str(told)
    assert own_certificates.proof_of_portal("token") is None
    assert all(": until " in line and ", renewed from " in line for line in own_certificates.lines())
    said = Operation.objects.filter(target=portal, site=None)
    assert said.count() == 2 and "has a certificate by Test authority" in said[0].outcome
    AutomaticCertificate.objects.filter(own_name=portal).update(due_at=now())
    work()
    (renewed,) = routing.all_tables()
    assert renewed.version > told.version and renewed.certificates[0] == told.certificates[0]
    assert Certificate.objects.count() == 2
    settings.ACME_FOR = ["publishing"]
    assert [one.hosts for one in routing.table_of(OWN).certificates] == [(scm,)]
    assert automatic_certificates.is_needed()
    work()
    assert [one.name for one in AutomaticCertificate.objects.all()] == [scm]
    assert Certificate.objects.count() == 1, "no key is kept that is given nowhere"


def test_superusers_are_told_when_the_installation_gets_none_and_warned_before_the_end(
    own: Authority, settings: Settings, domain: Domain
) -> None:
    settings.ACME_FOR = ["publishing"]
    own.days = 20
    work()
    warnings.run()
    assert not Operation.objects.filter(error_code="CertificateRefused").exists(), "it is renewed in time"
    root = User.objects.create_superuser("root")
    for user in (root, domain.alice):
        EmailAddress.objects.create(user=user, email=f"{user.username}@x.example", verified=True, primary=True)
    AutomaticCertificate.objects.update(due_at=now())
    own.says = [AcmeRefused("no such zone")]
    automatic_certificates.begin_due()
    assert [notice.to for notice in orders.run() or ()] == ["root@x.example"]
    assert "got no certificate: no such zone." in own_certificates.lines()[0]
    warnings.run()
    warnings.run()
    ending = Operation.objects.filter(outcome__contains="expires on")
    assert [one.target for one in ending] == [settings.PORTAL_HOST]
    assert "Its renewal fails: *.scm.fabrikam.example got no certificate" in ending[0].outcome


def test_the_portal_answers_the_authority_and_nobody_else(own: Authority, client: Client, db: None) -> None:
    automatic_certificates.begin_due()
    orders.run()
    path = "/.well-known/acme-challenge/"
    answer = client.get(f"{path}token", headers={"host": "portal.fabrikam.example"})
    assert (answer.status_code, answer.content) == (200, b"token.thumb")
    assert client.get(f"{path}other", headers={"host": "portal.fabrikam.example"}).status_code == 404
    assert client.get(f"{path}token", headers={"host": "evil.example"}).status_code == 404
