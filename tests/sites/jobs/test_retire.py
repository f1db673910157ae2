"""Nothing is stopped before every router has let go of it and its requests have ended."""

import contextlib
import itertools
from datetime import timedelta

import pytest

from sites.jobs import retire
from sites.models import Instance, Revision, RevisionState, Site, Slot, SlotChange
from sites.models.clock import now
from sites.operations import retention
from sites.services import slots, swaps
from tests.deaths import Killed, dying_after
from tests.domain import Domain


def age(revision: Revision, **fields: int) -> None:
    """Move moments of the revision into the past, by seconds."""
    Revision.objects.filter(pk=revision.pk).update(
        **{name: now() - timedelta(seconds=seconds) for name, seconds in fields.items()}
    )
    revision.refresh_from_db()


@pytest.fixture
def leaving(domain: Domain) -> Revision:
    """A revision that a publication has just replaced."""
    production, _staging = domain.staged()
    old = production.live_revision
    domain.publish(production, "three")
    old.refresh_from_db()
    assert old.state == RevisionState.DRAINING
    return old


def test_instances_end_once_the_router_has_counted_nothing_for_a_while(domain: Domain, leaving: Revision) -> None:
    age(leaving, released_at=3)
    domain.retire()
    leaving.refresh_from_db()
    assert (leaving.state, leaving.idle_since is None) == (RevisionState.DRAINING, False)
    age(leaving, idle_since=2)
    domain.retire()
    leaving.refresh_from_db()
    assert leaving.state == RevisionState.STOPPED
    assert domain.runtime.observe([leaving.pk]) == []
    assert not Instance.objects.filter(revision=leaving).exists()


def test_a_request_that_is_still_held_keeps_them_running(domain: Domain, leaving: Revision) -> None:
    domain.router.in_progress[leaving.cluster] = 1
    age(leaving, released_at=20, idle_since=5)
    domain.retire()
    leaving.refresh_from_db()
    assert (leaving.state, leaving.idle_since) == (RevisionState.DRAINING, None)


def test_after_the_drain_limit_connections_are_cut_a_few_at_a_time(domain: Domain, leaving: Revision) -> None:
    domain.router.in_progress[leaving.cluster] = 100
    domain.runtime.connections[leaving.pk] = 100
    age(leaving, released_at=40, drain_deadline=1)
    domain.retire()
    leaving.refresh_from_db()
    assert leaving.state == RevisionState.DRAINING
    ((revision_id, fraction),) = domain.runtime.cuts
    assert revision_id == leaving.pk
    assert 0.03 < fraction < 0.04  # 29 of 30 s are left
    assert cut_of(leaving) == [100 - domain.runtime.connections[leaving.pk]] != [0]


def cut_of(revision: Revision) -> list[int]:
    """What was cut each time that the revision was taken out of service."""
    done = SlotChange.objects.filter(revision_before=revision, operation__state="succeeded")
    return list(done.order_by("pk").values_list("cut_count", flat=True))


def test_each_drain_of_a_revision_has_its_own_count(domain: Domain, leaving: Revision) -> None:
    domain.router.in_progress[leaving.cluster] = domain.runtime.connections[leaving.pk] = 60
    age(leaving, released_at=40, drain_deadline=1)
    domain.retire()
    production = Slot.objects.get(site=leaving.site, is_production=True)
    domain.publish(production, "one")
    production.refresh_from_db()
    assert production.live_revision == leaving, "it is not told to stop yet, so it comes back"
    domain.publish(production, "three")
    assert cut_of(leaving) == [2, 0]
    age(leaving, released_at=40, drain_deadline=1)
    domain.retire()
    assert cut_of(leaving) == [2, 2]


def test_what_the_end_of_the_instances_cuts_is_counted(domain: Domain, leaving: Revision) -> None:
    domain.router.in_progress[leaving.cluster] = 7  # and no connection can be cut on this machine
    age(leaving, released_at=70, drain_deadline=31)
    domain.retire()
    assert cut_of(leaving) == [7]


def test_a_preview_that_waits_for_a_person_does_not_keep_a_late_routers_drain_waiting(
    domain: Domain, leaving: Revision
) -> None:
    production, staging = leaving.site.slots.order_by("-is_production")
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)
    Revision.objects.filter(pk=leaving.pk).update(released_at=None)
    domain.retire()
    leaving.refresh_from_db()
    assert leaving.released_at is None, "the operation is worked on"
    assert domain.look(operation).state == "waiting"
    domain.retire()
    leaving.refresh_from_db()
    assert leaving.released_at is not None


def test_whoever_retires_may_be_killed_at_any_statement(domain: Domain, leaving: Revision) -> None:
    deadlines = itertools.count(1)
    while leaving.state != RevisionState.STOPPED:
        age(leaving, released_at=3, idle_since=2)
        with contextlib.suppress(Killed), dying_after(next(deadlines)):
            domain.retire()
        leaving.refresh_from_db()
    assert next(deadlines) > 10, "it was killed often enough"
    assert domain.runtime.observe([leaving.pk]) == []
    assert not Instance.objects.filter(revision=leaving).exists()
    assert domain.serves("contoso.localhost") == "three"


def test_routes_that_are_newer_than_what_was_acknowledged_start_no_clock(domain: Domain) -> None:
    production, _staging = domain.staged()
    site = production.site
    site.refresh_from_db()
    other = Site.objects.get(pk=site.pk)
    other.touch_routes()
    leaving = Revision.objects.filter(pk=production.live_revision_id)
    leaving.update(state=RevisionState.DRAINING)
    retention.release(site, now())
    assert leaving.get().released_at is None
    retention.release(other, now())
    assert leaving.get().released_at is not None


def test_twice_the_drain_limit_ends_the_wait(domain: Domain, leaving: Revision) -> None:
    domain.router.in_progress[leaving.cluster] = 1
    age(leaving, released_at=70, drain_deadline=31)
    domain.retire()
    leaving.refresh_from_db()
    assert leaving.state == RevisionState.STOPPED


def test_two_seconds_pass_between_the_acknowledgement_and_any_stop(domain: Domain, leaving: Revision) -> None:
    age(leaving, released_at=1, idle_since=1, drain_deadline=1)
    domain.retire()
    leaving.refresh_from_db()
    assert leaving.state == RevisionState.DRAINING


def test_a_live_revision_is_never_stopped(domain: Domain) -> None:
    production, _staging = domain.staged()
    live = production.live_revision
    Revision.objects.filter(pk=live.pk).update(state=RevisionState.DRAINING, released_at=now())
    assert not retire.stop(live)
    live.refresh_from_db()
    assert live.state == RevisionState.DRAINING


def test_surplus_instances_leave_the_routes_before_they_end(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3))
    production.refresh_from_db()
    revision = production.live_revision
    assert len(domain.runtime.observe([revision.pk])) == 3
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=1))
    domain.retire()
    revision.refresh_from_db()
    assert (revision.routed_count, revision.wanted_count) == (1, 3)
    age(revision, released_at=3)
    domain.retire()
    revision.refresh_from_db()
    assert (revision.routed_count, revision.wanted_count) == (1, 1)
    assert len(domain.runtime.observe([revision.pk])) == 1
