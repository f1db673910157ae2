"""While the roll-back window is open, the former instances are kept and the way back is instant."""

from datetime import timedelta

import pytest
from django.conf import settings

from sites.jobs import reconcile, retire
from sites.models import Revision, RevisionState, Slot, Step
from sites.models.clock import now
from sites.operations import retention as windows
from sites.operations.steps import offer
from sites.operations.turn import Turn
from sites.runtime.spec import ProbeSpec
from sites.services import slots
from sites.services.rollback import offer_roll_back
from sites.services.settings import Entry
from sites.services.sites import change_mode
from tests.domain import Domain, alter_stage


def test_inside_the_window_nothing_is_started_and_nothing_is_asked(domain: Domain) -> None:
    production, _staging = domain.swapped()
    former = Revision.objects.filter(state=RevisionState.RETAINED)
    assert former.count() == 2
    offer = offer_roll_back(production.site)
    assert offer.is_instant
    assert 590 < (offer.until - now()).total_seconds() <= 600
    before = Revision.objects.count()
    domain.answers = dict.fromkeys(former.values_list("pk", flat=True), "500")  # would fail if it were asked
    operation = domain.roll_back(production.site)
    assert operation.state == "succeeded", operation.outcome
    assert Revision.objects.count() == before
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"


def test_each_answer_of_an_altered_staging_says_whether_it_is_instant(domain: Domain) -> None:
    production, staging = domain.swapped()
    domain.publish(staging, "one, changed")
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.is_unaltered_instant) == (False, True)
    assert offer.until is not None
    before = Revision.objects.count()
    assert domain.roll_back(production.site, to_unaltered=True).state == "succeeded"
    assert Revision.objects.count() == before


def test_instances_that_went_on_in_staging_are_kept_when_staging_is_altered(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.swap(staging, production)
    staging.refresh_from_db()
    former = staging.live_revision
    assert (former.deployment.message, former.state) == ("one", RevisionState.SERVING), (
        "nothing sticky, so it is reused"
    )
    domain.save(staging, Entry("COLOUR", "red"))
    domain.publish(staging, "one, changed")
    former.refresh_from_db()
    assert former.state == RevisionState.RETAINED
    assert Revision.objects.filter(state=RevisionState.RETAINED).count() == 1
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.is_unaltered_instant) == (True, True)
    assert 590 < (offer.until - now()).total_seconds() <= 600
    domain.answers = {former.pk: "500"}  # would fail if it were asked
    before = Revision.objects.count()
    assert domain.roll_back(production.site, to_unaltered=True).state == "succeeded"
    assert domain.serves("contoso.localhost") == "one"
    assert Revision.objects.count() == before


def test_what_serves_in_staging_is_kept_until_the_window_ends_and_is_instant_as_long_as_it_serves(
    domain: Domain,
) -> None:
    production, staging = domain.staged()
    domain.swap(staging, production)
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.is_in_service) == (True, True)
    assert 590 < (offer.until - now()).total_seconds() <= 600
    Revision.objects.filter(retained_until__isnull=False).update(retained_until=now() - timedelta(seconds=1))
    assert windows.end_windows() == 2
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.until) == (True, None)
    domain.publish(staging, "one, changed")
    assert not Revision.objects.filter(state=RevisionState.RETAINED).exists()


def let_go(revision: Revision) -> None:
    """What the tick does with surplus instances, in three looks."""
    for _ in range(3):
        retire.run()
        Revision.objects.filter(pk=revision.pk, released_at__isnull=False).update(
            released_at=now() - timedelta(seconds=3)
        )
    revision.refresh_from_db()


@pytest.mark.parametrize("ending", ["time", "memory", "mode"])
def test_what_went_on_in_staging_keeps_productions_number_of_instances_while_the_window_is_open(
    domain: Domain, ending: str
) -> None:
    production, staging = domain.staged()
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3))
    former = Slot.objects.get(pk=production.pk).live_revision
    domain.swap(staging, production)
    let_go(former)
    assert (former.state, former.wanted_count) == (RevisionState.SERVING, 3)
    assert offer_roll_back(production.site).is_instant
    if ending == "time":
        Revision.objects.filter(pk=former.pk).update(retained_until=now())
        windows.end_windows()
    elif ending == "memory":
        domain.runtime.memory_mb = 100
        reconcile.run()
    else:
        domain.work(change_mode(acting_user=domain.alice, site=production.site, mode="standard"))
    let_go(former)
    assert (former.state, former.wanted_count) == (RevisionState.SERVING, 1)
    assert not offer_roll_back(production.site).is_instant


def test_a_window_that_ends_just_when_it_is_used_does_not_hinder_the_roll_back(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _staging = domain.swapped()
    kept = Revision.objects.filter(state=RevisionState.RETAINED)

    def end_and_offer(turn: Turn) -> None:
        for revision in kept:
            windows.drain(revision)
        offer.offer(turn)

    alter_stage(monkeypatch, Step.ROUTES_OFFERED, enter=end_and_offer)
    operation = domain.roll_back(production.site)
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "one"


def test_the_unaltered_version_is_not_instant_once_production_was_configured_anew(domain: Domain) -> None:
    production, staging = domain.swapped()
    domain.publish(staging, "one, changed")
    domain.save(production, Entry("MARK", "rotated", is_sticky=True))
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.is_unaltered_instant, offer.until) == (False, False, None)


def test_after_the_window_it_is_an_ordinary_swap(domain: Domain) -> None:
    production, _staging = domain.swapped()
    Revision.objects.filter(state=RevisionState.RETAINED).update(retained_until=now() - timedelta(seconds=1))
    assert windows.end_windows() == 2
    Revision.objects.filter(state=RevisionState.DRAINING).update(state=RevisionState.STOPPED)
    assert not offer_roll_back(production.site).is_instant
    operation = domain.roll_back(production.site)
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "one"
    assert operation.steps.get(step=Step.WARMING).sentence == "2 of 2 instances answering"


@pytest.mark.parametrize("answer", ["500", "no answer within 90 s"])
def test_after_the_window_a_version_that_no_longer_answers_well_can_still_be_rolled_back(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    production, staging = domain.swapped()
    Revision.objects.filter(state=RevisionState.RETAINED).update(state=RevisionState.STOPPED)

    bad = production.workload_id

    def say(spec: ProbeSpec) -> str:
        return answer if Revision.objects.get(pk=spec.revision_id).workload_id == bad else "200"

    monkeypatch.setattr(domain.runtime, "answer", say)
    assert domain.roll_back(production.site).state == "succeeded"
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"
    assert domain.swap(staging, production).state == "failed"
    assert domain.serves("contoso.localhost") == "one"


def test_kept_instances_that_do_not_run_are_not_called_warm(domain: Domain) -> None:
    production, _staging = domain.swapped()
    kept = Revision.objects.filter(state=RevisionState.RETAINED)
    domain.runtime.exit_with(kept.get(deployment__message="one").pk, 0, 1)
    reconcile.run()
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.until) == (False, None)


def test_a_sticky_setting_changed_since_makes_it_an_ordinary_swap(domain: Domain) -> None:
    production, _staging = domain.swapped()
    domain.save(production, Entry("MARK", "rotated", is_sticky=True))
    assert not offer_roll_back(production.site).is_instant
    domain.roll_back(production.site)
    assert domain.serves("contoso.localhost") == "one"
    assert domain.revision_behind("contoso.localhost").runnable["env"]["MARK"] == "rotated"


def test_a_window_of_zero_keeps_nothing(domain: Domain) -> None:
    production, staging = domain.marked()
    slots.change_swap_settings(acting_user=domain.alice, slot=production, rollback_window_seconds=0)
    assert domain.swap(staging, production).state == "succeeded"
    assert not Revision.objects.filter(state=RevisionState.RETAINED).exists()
    assert not offer_roll_back(production.site).is_instant


def test_the_next_swap_ends_the_window_before_it(domain: Domain) -> None:
    production, staging = domain.swapped()
    domain.publish(staging, "three")
    domain.swap(staging, production)
    retained = Revision.objects.filter(state=RevisionState.RETAINED)
    assert retained.count() == 2
    assert {revision.deployment.message for revision in retained} == {"two", "three"}


def test_short_memory_ends_the_window_early(domain: Domain) -> None:
    production, _staging = domain.swapped()
    domain.runtime.memory_mb = 4096
    reconcile.run()
    assert offer_roll_back(production.site).is_instant
    domain.runtime.memory_mb = 100
    reconcile.run()
    assert not offer_roll_back(production.site).is_instant


def test_deleting_staging_ends_the_window(domain: Domain) -> None:
    production, staging = domain.swapped()
    domain.work(slots.delete_staging(acting_user=domain.alice, slot=staging))
    assert not Revision.objects.filter(state=RevisionState.RETAINED).exists()
    assert offer_roll_back(production.site) is None


def test_deleting_another_staging_site_leaves_the_window_open(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STAGING_SLOTS_PER_SITE", 2)
    production, _staging = domain.swapped()
    domain.work(slots.enable_staged_publishing(acting_user=domain.alice, site=production.site))
    other = production.site.slots.get(name="staging2")
    domain.work(slots.delete_staging(acting_user=domain.alice, slot=other))
    assert Revision.objects.filter(state=RevisionState.RETAINED).count() == 2
    assert offer_roll_back(production.site).is_instant
