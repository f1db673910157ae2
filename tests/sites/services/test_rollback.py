"""Rolling back returns to exactly what was served before, at once while the window is open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings

from sites.errors import NothingToRollBack
from sites.jobs import reconcile, retire, stages, switch
from sites.jobs import rollback as windows
from sites.models import Category, Operation, Revision, RevisionState, Slot, SlotHold, Step
from sites.models.clock import now
from sites.services import changes, operations, slots
from sites.services.rollback import offer_roll_back, request_roll_back
from sites.services.settings import Entry, read_settings
from sites.services.sites import change_mode
from tests.domain import Domain


def swapped(domain: Domain) -> tuple[Slot, Slot]:
    """Swapped once, with a sticky mark in each slot, so that nothing was reused."""
    production, staging = domain.marked()
    operation = domain.swap(staging, production)
    assert operation.state == "succeeded", operation.outcome
    production.refresh_from_db()
    staging.refresh_from_db()
    return production, staging


def roll_back(domain: Domain, slot: Slot, **values: bool) -> Operation:
    return domain.work(request_roll_back(acting_user=domain.alice, site=slot.site, **values))


def test_inside_the_window_nothing_is_started_and_nothing_is_asked(domain: Domain) -> None:
    production, _staging = swapped(domain)
    former = Revision.objects.filter(state=RevisionState.RETAINED)
    assert former.count() == 2
    offer = offer_roll_back(production.site)
    assert offer.is_instant
    assert 590 < (offer.until - now()).total_seconds() <= 600
    before = Revision.objects.count()
    domain.answers = dict.fromkeys(former.values_list("pk", flat=True), "500")  # would fail if it were asked
    operation = roll_back(domain, production)
    assert operation.state == "succeeded", operation.outcome
    assert Revision.objects.count() == before
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"


def test_each_answer_of_an_altered_staging_says_whether_it_is_instant(domain: Domain) -> None:
    production, staging = swapped(domain)
    domain.publish(staging, "one, changed")
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.is_unaltered_instant) == (False, True)
    assert offer.until is not None
    before = Revision.objects.count()
    assert roll_back(domain, production, to_unaltered=True).state == "succeeded"
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
    assert roll_back(domain, production, to_unaltered=True).state == "succeeded"
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
    production, _staging = swapped(domain)
    kept = Revision.objects.filter(state=RevisionState.RETAINED)
    offer = switch.offer

    def end_and_offer(operation: Operation) -> None:
        for revision in kept:
            windows.drain(revision)
        offer(operation)

    stage = next(one for one in stages.INTO_SERVICE if one.step == Step.OFFERED)
    late = replace(stage, enter=end_and_offer)
    changed = tuple(late if one is stage else one for one in stages.INTO_SERVICE)
    monkeypatch.setattr(stages, "INTO_SERVICE", changed)
    operation = roll_back(domain, production)
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "one"


def test_the_unaltered_version_is_not_instant_once_production_was_configured_anew(domain: Domain) -> None:
    production, staging = swapped(domain)
    domain.publish(staging, "one, changed")
    domain.save(production, Entry("MARK", "rotated", is_sticky=True))
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.is_unaltered_instant, offer.until) == (False, False, None)


def test_the_rolled_back_version_is_in_staging_with_its_settings(domain: Domain) -> None:
    production, staging = swapped(domain)
    roll_back(domain, production)
    staging.refresh_from_db()
    assert domain.serves("contoso-staging.localhost") == "two"
    assert domain.revision_behind("contoso-staging.localhost").runnable["env"]["MARK"] == "staging"
    assert domain.publish(staging, "two, mended").state == "succeeded"


def test_after_the_window_it_is_an_ordinary_swap(domain: Domain) -> None:
    production, _staging = swapped(domain)
    Revision.objects.filter(state=RevisionState.RETAINED).update(retained_until=now() - timedelta(seconds=1))
    assert windows.end_windows() == 2
    Revision.objects.filter(state=RevisionState.DRAINING).update(state=RevisionState.STOPPED)
    assert not offer_roll_back(production.site).is_instant
    operation = roll_back(domain, production)
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "one"
    assert operation.steps.get(step=Step.WARMING).sentence == "2 of 2 instances answer"


def test_kept_instances_that_do_not_run_are_not_called_warm(domain: Domain) -> None:
    production, _staging = swapped(domain)
    kept = Revision.objects.filter(state=RevisionState.RETAINED)
    domain.runtime.exit_with(kept.get(deployment__message="one").pk, 0, 1)
    reconcile.run()
    offer = offer_roll_back(production.site)
    assert (offer.is_instant, offer.until) == (False, None)


def test_a_sticky_setting_changed_since_makes_it_an_ordinary_swap(domain: Domain) -> None:
    production, _staging = swapped(domain)
    domain.save(production, Entry("MARK", "rotated", is_sticky=True))
    assert not offer_roll_back(production.site).is_instant
    roll_back(domain, production)
    assert domain.serves("contoso.localhost") == "one"
    assert domain.revision_behind("contoso.localhost").runnable["env"]["MARK"] == "rotated"


def test_what_was_altered_since_is_told_with_person_and_time(domain: Domain) -> None:
    production, staging = swapped(domain)
    assert not offer_roll_back(production.site).is_altered
    domain.publish(staging, "one, changed")
    offer = offer_roll_back(production.site)
    assert offer.is_altered
    assert [(one.kind, one.actor_name) for one in offer.alterations] == [("publish", "alice")]


def test_staging_as_it_is_now_can_be_chosen(domain: Domain) -> None:
    production, staging = swapped(domain)
    domain.publish(staging, "one, changed")
    operation = roll_back(domain, production)
    assert domain.serves("contoso.localhost") == "one, changed"
    assert operation.outcome.endswith(": 'contoso' serves 'one, changed' and 'contoso (staging)' serves 'two'.")


def test_the_unaltered_version_can_be_chosen_and_the_altered_one_stays_in_the_history(domain: Domain) -> None:
    production, staging = swapped(domain)
    domain.publish(staging, "one, changed")
    staging.refresh_from_db()
    domain.save(staging, Entry("MARK", "staging", is_sticky=True), Entry("COLOUR", "red"))
    operation = roll_back(domain, production, to_unaltered=True)
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "one"
    assert "COLOUR" not in domain.revision_behind("contoso.localhost").runnable["env"]
    assert operation.outcome.endswith("Set back to what they were: COLOUR.")
    production.refresh_from_db()
    history = production.workload.deployments.values_list("message", flat=True)
    assert "one, changed" in history


def test_a_name_made_sticky_since_keeps_the_slots_value(domain: Domain) -> None:
    production, staging = domain.staged()
    for slot, colour in ((production, "blue"), (staging, "green")):
        domain.save(slot, Entry("COLOUR", colour))
    domain.swap(staging, production)
    staging.refresh_from_db()
    domain.save(staging, Entry("COLOUR", "red", is_sticky=True))
    assert roll_back(domain, production, to_unaltered=True).state == "succeeded"
    production.refresh_from_db()
    entries = read_settings(production, Category.APP_SETTINGS)
    assert entries == [Entry("COLOUR", "green", is_sticky=True)]
    assert domain.revision_behind("contoso.localhost").runnable["env"]["COLOUR"] == "green"


@pytest.mark.parametrize("is_in_staging", [True, False])
def test_a_name_that_travels_since_has_the_value_that_production_has_for_it(
    domain: Domain, is_in_staging: bool
) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("MARK", "p", is_sticky=True))
    if is_in_staging:
        domain.save(staging, Entry("MARK", "s", is_sticky=True))
    domain.swap(staging, production)
    production.refresh_from_db()
    domain.save(production, Entry("MARK", "p"))
    offer = offer_roll_back(production.site)
    assert (offer.is_altered, offer.is_unaltered_instant) == (True, True)
    assert roll_back(domain, production, to_unaltered=True).state == "succeeded"
    production.refresh_from_db()
    assert read_settings(production, Category.APP_SETTINGS) == [Entry("MARK", "p")]
    assert domain.revision_behind("contoso.localhost").runnable["env"]["MARK"] == "p"


def test_a_failed_roll_back_gives_the_altered_settings_back(domain: Domain) -> None:
    production, staging = swapped(domain)
    domain.save(staging, Entry("MARK", "staging", is_sticky=True), Entry("COLOUR", "red"))
    Revision.objects.filter(state=RevisionState.RETAINED).update(state=RevisionState.STOPPED)
    operation = request_roll_back(acting_user=domain.alice, site=production.site, to_unaltered=True)
    domain.answer_everything("500")
    assert domain.work(operation).state == "failed"
    staging.refresh_from_db()
    assert staging.workload.settings.get(name="COLOUR").value == "red"
    assert domain.serves("contoso.localhost") == "two"


def test_settings_that_were_all_removed_are_removed_again_after_a_failed_roll_back(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("COLOUR", "red"))
    domain.swap(staging, production)
    staging.refresh_from_db()
    domain.save(staging)
    operation = request_roll_back(acting_user=domain.alice, site=production.site, to_unaltered=True)
    assert staging.workload.settings.get(name="COLOUR").value == "red"
    operations.cancel(acting_user=domain.alice, operation=operation)
    assert domain.work(operation).state == "cancelled"
    assert not staging.workload.settings.exists()
    operation = roll_back(domain, production, to_unaltered=True)
    assert operation.outcome.endswith("Set back to what they were: COLOUR.")


def test_a_swap_that_comes_in_between_is_not_rolled_back_in_place_of_the_one_that_was_meant(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = swapped(domain)
    begin = changes.begin_change

    def be_late(**values: object) -> Operation:
        monkeypatch.setattr(changes, "begin_change", begin)
        domain.swap(staging, production)
        return begin(**values)

    monkeypatch.setattr(changes, "begin_change", be_late)
    with pytest.raises(NothingToRollBack, match="another one was made just now"):
        request_roll_back(acting_user=domain.alice, site=production.site)
    assert not SlotHold.objects.exists()


def test_there_is_one_candidate_and_a_roll_back_uses_it_up(domain: Domain) -> None:
    production, _staging = swapped(domain)
    roll_back(domain, production)
    assert offer_roll_back(production.site) is None
    with pytest.raises(NothingToRollBack, match="the last one has been rolled back"):
        request_roll_back(acting_user=domain.alice, site=production.site)
    assert not Revision.objects.filter(state=RevisionState.RETAINED).exists()


def test_without_a_swap_there_is_nothing_to_roll_back(domain: Domain) -> None:
    production, _staging = domain.staged()
    assert offer_roll_back(production.site) is None


def test_a_window_of_zero_keeps_nothing(domain: Domain) -> None:
    Slot.rollback_window_seconds.field.default = 0
    try:
        production, _staging = swapped(domain)
    finally:
        Slot.rollback_window_seconds.field.default = 600
    assert not Revision.objects.filter(state=RevisionState.RETAINED).exists()
    assert not offer_roll_back(production.site).is_instant


def test_the_next_swap_ends_the_window_before_it(domain: Domain) -> None:
    production, staging = swapped(domain)
    domain.publish(staging, "three")
    domain.swap(staging, production)
    retained = Revision.objects.filter(state=RevisionState.RETAINED)
    assert retained.count() == 2
    assert {revision.deployment.message for revision in retained} == {"two", "three"}


def test_short_memory_ends_the_window_early(domain: Domain) -> None:
    production, _staging = swapped(domain)
    domain.runtime.memory_mb = 4096
    reconcile.run()
    assert offer_roll_back(production.site).is_instant
    domain.runtime.memory_mb = 100
    reconcile.run()
    assert not offer_roll_back(production.site).is_instant


def test_deleting_staging_ends_the_window(domain: Domain) -> None:
    production, staging = swapped(domain)
    domain.work(slots.delete_staging(acting_user=domain.alice, slot=staging))
    assert not Revision.objects.filter(state=RevisionState.RETAINED).exists()
    assert offer_roll_back(production.site) is None


def test_deleting_another_staging_site_leaves_the_window_open(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STAGING_SLOTS_PER_SITE", 2)
    production, _staging = swapped(domain)
    domain.work(slots.enable_staged_publishing(acting_user=domain.alice, site=production.site))
    other = production.site.slots.get(name="staging2")
    domain.work(slots.delete_staging(acting_user=domain.alice, slot=other))
    assert Revision.objects.filter(state=RevisionState.RETAINED).count() == 2
    assert offer_roll_back(production.site).is_instant


def test_production_that_had_no_content_is_without_content_again(domain: Domain) -> None:
    site = domain.create()
    staging = domain.enable(site)
    domain.publish(staging, "one")
    production = site.slots.get(is_production=True)
    staging.refresh_from_db()
    domain.swap(staging, production)
    domain.publish(staging, "changed")
    operation = roll_back(domain, production, to_unaltered=True)
    assert operation.state == "succeeded", operation.outcome
    production.refresh_from_db()
    assert domain.serves("contoso.localhost") == "placeholder"
    assert production.workload.active_deployment is None
