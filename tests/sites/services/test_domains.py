"""Custom domain names: whose they are, what proves them, and that they stay with their slot."""

from collections.abc import Iterator

import pytest
from django.db import DataError
from pytest_django import Settings

from sites import dns_proof
from sites.errors import DomainLimit, DomainTaken, NotAllowed, NotFound
from sites.jobs import domains as job
from sites.jobs.turns import turn
from sites.models import CustomDomain, DomainState, HostName, Operation, Site, Slot
from sites.models.clock import now
from sites.services import domains, sites
from sites.services.slots import delete_staging
from sites.tasks import check_domains
from tests.domain import Domain
from tests.fakes.dns_server import SILENCE, DnsServer, dns_server

WWW = "www.fabrikam.example"


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[DnsServer]:
    """The installation's resolver."""
    monkeypatch.setattr(dns_proof, "LOOKUP_SECONDS", 0.2)
    with dns_server({}) as server:
        settings.DNS_RESOLVERS = [server.address]
        yield server


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    """Production and staging."""
    return domain.staged()


def add(domain: Domain, slot: Slot, name: str = WWW) -> CustomDomain:
    return domains.add_domain(acting_user=domain.alice, slot=slot, text=name)


def look(*found: CustomDomain) -> None:
    """The job looks now, whenever it was due."""
    CustomDomain.objects.filter(pk__in=[one.pk for one in found]).update(due_at=now())
    job.run()
    for one in found:
        one.refresh_from_db()


def published(domain: Domain, slot: Slot) -> None:
    """As the routers' own look does."""
    site = Site.objects.get(pk=slot.site_id)
    domain.router.publish(site.pk, site.routes_version)


def test_a_name_answers_once_it_is_proven(domain: Domain, server: DnsServer, slots: tuple[Slot, Slot]) -> None:
    production, _ = slots
    claim = add(domain, production)
    published(domain, production)
    assert (claim.state, domain.serves(WWW)) == (DomainState.PENDING, None)
    look(claim)
    assert claim.state == DomainState.FAILED
    assert "Expected: www.fabrikam.example CNAME contoso.localhost" in claim.finding
    assert domain.serves(WWW) is None
    server.records[WWW, "CNAME"] = ["contoso.localhost."]
    look(claim)
    published(domain, production)
    assert claim.state == DomainState.VERIFIED
    assert domain.serves(WWW) == "one"
    assert [done.outcome for done in Operation.objects.filter(target="contoso").order_by("-pk")[:1]] == [
        "www.fabrikam.example is verified: 'contoso' answers there now."
    ]


def test_a_name_stays_with_its_slot_through_swap_and_roll_back(
    domain: Domain, slots: tuple[Slot, Slot], settings: Settings
) -> None:
    settings.DOMAIN_PROOF = False
    production, staging = slots
    add(domain, production, WWW)
    add(domain, staging, "test.fabrikam.example")
    domain.swap(staging, production)
    assert (domain.serves(WWW), domain.serves("test.fabrikam.example")) == ("two", "one")
    domain.roll_back(production.site)
    assert (domain.serves(WWW), domain.serves("test.fabrikam.example")) == ("one", "two")
    assert not domain.router.answer("test.fabrikam.example").is_indexed


def test_a_name_moves_between_slots_while_they_are_swapped(
    domain: Domain, slots: tuple[Slot, Slot], settings: Settings
) -> None:
    settings.DOMAIN_PROOF = False
    production, staging = slots
    claim = add(domain, production)
    operation = domain.swap(staging, production)
    domains.remove_domain(acting_user=domain.alice, slot=production, number=claim.pk)
    add(domain, staging)
    domain.work(operation)
    published(domain, staging)
    assert domain.serves(WWW) == "one"
    assert HostName.objects.filter(name=WWW).count() == 1


def test_no_name_is_on_two_slots(domain: Domain, slots: tuple[Slot, Slot], settings: Settings) -> None:
    settings.DOMAIN_PROOF = False
    production, staging = slots
    add(domain, production)
    other = domain.create("other").slots.get()
    with pytest.raises(DomainTaken, match="in use by 'contoso'"):
        add(domain, staging)
    with pytest.raises(DomainTaken, match="in use by another web site") as refused:
        add(domain, other, "WWW.Fabrikam.example")
    assert "contoso" not in str(refused.value)


def test_nobody_keeps_a_name_from_its_owner_by_claiming_it_first(
    domain: Domain, server: DnsServer, slots: tuple[Slot, Slot]
) -> None:
    squatter = add(domain, domain.create("squatter").slots.get())
    owner = add(domain, slots[0])
    server.records[WWW, "CNAME"] = ["contoso.localhost."]
    look(squatter, owner)
    assert (squatter.state, owner.state) == (DomainState.FAILED, DomainState.VERIFIED)


def test_of_two_that_are_proven_the_first_has_the_name(
    domain: Domain, server: DnsServer, slots: tuple[Slot, Slot]
) -> None:
    other = domain.create("other").slots.get()
    claims = [add(domain, slots[0]), add(domain, other)]
    server.records["_greenroom." + WWW, "TXT"] = [f'"{claims[0].proof_text}"']
    look(*claims)
    assert sorted(claim.state for claim in claims) == [DomainState.FAILED, DomainState.VERIFIED]
    assert any(claim.finding.startswith("The records are right, but another slot") for claim in claims)


@pytest.mark.parametrize("answer", [SILENCE, "loop.fabrikam.example."])
def test_a_name_whose_lookup_ends_in_nothing_is_looked_at_again_later(
    domain: Domain, server: DnsServer, slots: tuple[Slot, Slot], answer: str
) -> None:
    server.records[WWW, "CNAME"] = [answer]
    server.records["loop.fabrikam.example", "CNAME"] = [f"{WWW}."]
    claim = add(domain, slots[0])
    look(claim)
    assert claim.state == DomainState.FAILED
    assert claim.due_at > now()


def test_of_many_names_a_few_are_looked_up_in_a_turn_which_one_worker_has(
    domain: Domain, server: DnsServer, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH", 3)
    for number in range(5):
        add(domain, slots[0], f"n{number}.fabrikam.example")
    with turn("domains turn", seconds=60):
        check_domains()
    assert not server.asked, "name servers that say nothing hold one worker"
    check_domains()
    assert CustomDomain.objects.filter(state=DomainState.PENDING).count() == 2
    assert job.is_needed()


def test_what_acts_in_a_record_is_written_out_and_a_zero_byte_is_none(
    domain: Domain, server: DnsServer, slots: tuple[Slot, Slot]
) -> None:
    server.records[f"_greenroom.{WWW}", "TXT"] = [r'"a\000b\027[31m\007"']
    claim = add(domain, slots[0])
    look(claim)
    assert r"TXT a\x00b\x1b[31m\x07." in claim.finding


def test_a_name_that_cannot_be_settled_is_a_try_and_keeps_no_other_from_its_proof(
    domain: Domain, server: DnsServer, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, even = add(domain, slots[0], "odd.fabrikam.example"), add(domain, slots[0])
    server.records[WWW, "CNAME"] = ["contoso.localhost."]
    real = job._settle

    def settle(claim: CustomDomain, finding: dns_proof.Finding) -> None:
        if claim.pk == odd.pk:
            raise DataError("a text that the database does not take")
        real(claim, finding)

    monkeypatch.setattr(job, "_settle", settle)
    look(odd, even)
    assert even.state == DomainState.VERIFIED
    assert (odd.state, odd.tries, odd.finding) == (DomainState.PENDING, 1, job.UNFORESEEN) and odd.due_at > now()


def test_whoever_asks_again_and_again_has_a_name_looked_up_every_ten_seconds(
    domain: Domain, server: DnsServer, slots: tuple[Slot, Slot]
) -> None:
    claim = add(domain, slots[0])
    look(claim)
    domains.look_again(acting_user=domain.alice, slot=slots[0], number=claim.pk)
    claim.refresh_from_db()
    assert (claim.due_at - claim.checked_at).total_seconds() == domains.LOOK_AGAIN_SECONDS


def test_a_machine_without_resolvers_says_so(domain: Domain, slots: tuple[Slot, Slot], settings: Settings) -> None:
    settings.DNS_RESOLVERS = ["nonsense"]
    claim = add(domain, slots[0])
    look(claim)
    assert "Set GREENROOM_DNS_RESOLVERS" in claim.finding


def test_in_free_mode_names_do_not_answer_and_come_back_with_the_mode(
    domain: Domain, slots: tuple[Slot, Slot], settings: Settings
) -> None:
    settings.DOMAIN_PROOF = False
    production, _ = slots
    add(domain, production)
    for mode, served in (("free", None), ("shared", "one"), ("standard", "one")):
        domain.work(sites.change_mode(acting_user=domain.alice, site=production.site, mode=mode))
        production.refresh_from_db()
        assert domain.serves(WWW) == served
        production.site.refresh_from_db()
        if mode == "free":
            with pytest.raises(DomainLimit, match="is in Free mode"):
                add(domain, production, "other.fabrikam.example")


def test_a_mode_bounds_the_number_of_names(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, _ = slots
    CustomDomain.objects.bulk_create(
        CustomDomain(slot=production, name=f"n{number}.fabrikam.example") for number in range(100)
    )
    with pytest.raises(DomainLimit, match="can have 100"):
        add(domain, production)


def test_a_deleted_slot_gives_its_names_back(domain: Domain, slots: tuple[Slot, Slot], settings: Settings) -> None:
    settings.DOMAIN_PROOF = False
    production, staging = slots
    add(domain, staging)
    operation = domain.work(delete_staging(acting_user=domain.alice, slot=staging))
    assert operation.state == "succeeded"
    add(domain, production)
    published(domain, production)
    assert domain.serves(WWW) == "one"


def test_only_who_may_change_a_slot_changes_its_names(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    claim = add(domain, slots[0])
    for user, refusal in ((domain.bob, NotAllowed), (domain.charlie, NotFound)):
        values = {"acting_user": user, "slot": Slot.objects.get(pk=slots[0].pk)}
        for ask in (
            lambda values=values: domains.add_domain(**values, text="other.example"),
            lambda values=values: domains.remove_domain(**values, number=claim.pk),
            lambda values=values: domains.look_again(**values, number=claim.pk),
        ):
            with pytest.raises(refusal):
                ask()
    with pytest.raises(NotFound):
        domains.remove_domain(acting_user=domain.alice, slot=slots[1], number=claim.pk)
