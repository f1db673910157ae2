"""Linked resources are checked every few minutes: what production uses now, fairly, and in one turn at a time."""

from datetime import timedelta

import pytest

from sites.jobs import linked_resources as job
from sites.jobs.turns import turn
from sites.models import Category, LinkedResource, Site, Subscription
from sites.models.clock import now
from sites.services import linked_resources
from sites.services.entry import Entry
from tests.domain import Domain

FIRST, SECOND = "redis://:hunter2@first.example.org/0", "redis://:hunter2@second.example.org/0"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which connection strings were checked; those with 'second' do not answer."""
    found: list[str] = []

    async def fault_of(_: str, text: str, **__: str) -> str:
        found.append(text)
        if "odd" in text:
            raise OverflowError
        return "'second.example.org' does not take the connection." if "second" in text else ""

    monkeypatch.setattr(job, "fault_of", fault_of)
    return found


@pytest.fixture
def site(domain: Domain) -> Site:
    site = domain.create("contoso")
    domain.work(
        linked_resources.link(
            acting_user=domain.alice, site=site, engine="redis", name="cache", connection_string=FIRST
        )
    )
    return site


def due() -> None:
    LinkedResource.objects.update(due_at=now())
    assert job.is_needed()


def test_health_is_told_with_since_when_and_the_next_check(domain: Domain, site: Site, asked: list[str]) -> None:
    due()
    job.run()
    good = LinkedResource.objects.get()
    assert (good.health, good.finding, good.is_awaited) == ("good", "", False) and good.since == good.checked_at
    assert good.due_at - good.checked_at == timedelta(seconds=job.GOOD_SECONDS) and not job.is_needed()
    due()
    job.run()
    assert LinkedResource.objects.get().since == good.since
    domain.save(site.slots.get(), Entry("cache", SECOND, "Custom"), category=Category.CONNECTION_STRINGS)
    due()
    job.run()
    bad = LinkedResource.objects.get()
    assert (bad.health, bad.since > good.since) == ("bad", True) and "does not take the connection" in bad.finding
    assert bad.due_at - bad.checked_at == timedelta(seconds=job.BAD_SECONDS)
    assert asked == [FIRST, FIRST, SECOND]


def test_what_production_has_after_a_swap_is_what_is_checked(domain: Domain, site: Site, asked: list[str]) -> None:
    staging = domain.enable(site)
    domain.publish(staging, "two")
    domain.save(staging, Entry("cache", SECOND, "Custom"), category=Category.CONNECTION_STRINGS)
    domain.swap(staging, site.slots.get(is_production=True))
    due()
    job.run()
    assert asked == [SECOND]


def test_a_link_whose_string_is_gone_says_so(domain: Domain, site: Site, asked: list[str]) -> None:
    domain.save(site.slots.get(), category=Category.CONNECTION_STRINGS)
    due()
    job.run()
    assert LinkedResource.objects.get().finding == job.MISSING and asked == []


def test_an_answer_that_nobody_foresaw_keeps_no_other_from_its_check(
    domain: Domain, site: Site, asked: list[str]
) -> None:
    odd = "redis://:hunter2@odd.example.org/0"
    domain.work(
        linked_resources.link(acting_user=domain.alice, site=site, engine="redis", name="odd", connection_string=odd)
    )
    due()
    job.run()
    found = dict(LinkedResource.objects.values_list("name", "finding"))
    assert sorted(asked) == [FIRST, odd] and found == {"cache": "", "odd": job.UNFORESEEN}


def test_one_turn_at_a_time(site: Site, asked: list[str]) -> None:
    due()
    with turn(job.TURN, seconds=60):
        assert not job.is_needed()
        job.run()
    assert asked == []


def test_a_subscription_with_many_keeps_no_other_waiting(
    domain: Domain, site: Site, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "SUBSCRIPTIONS", 1)
    monkeypatch.setattr(job, "OF_ONE", 2)
    LinkedResource.objects.bulk_create(
        LinkedResource(site=site, name=f"r{number}", engine="redis", due_at=now(), checked_at=now())
        for number in range(3)
    )
    elsewhere = Subscription.objects.create(name="Other")
    theirs = Site.objects.create(name="fabrikam", subscription=elsewhere)
    LinkedResource.objects.create(site=theirs, name="cache", engine="redis", due_at=now())
    due()
    job.run()
    assert [one.site for one in LinkedResource.objects.filter(checked_at__isnull=False, is_awaited=False)] == [theirs]


def test_what_was_unlinked_meanwhile_stays_so(domain: Domain, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fault_of(*_: str, **__: str) -> str:
        return ""

    monkeypatch.setattr(job, "fault_of", fault_of)
    resource = LinkedResource.objects.get()
    LinkedResource.objects.all().delete()
    job._settle(resource, "")
    assert not LinkedResource.objects.exists()
