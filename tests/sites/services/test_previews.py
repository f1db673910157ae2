"""A swap with preview shows the prepared version at staging's address and holds both slots until it is decided."""

import re
from datetime import timedelta
from functools import partial

import pytest
from django.conf import LazySettings

from sites import access, tasks
from sites.errors import NotAllowed, NotFound, Refused, SwapPending
from sites.jobs.scheduling import Schedule
from sites.models import Category, Membership, Operation, RevisionState, Role, SlotHold, Step
from sites.models.clock import now
from sites.operations import claims
from sites.operations.procedure import Progress
from sites.operations.steps import show_preview
from sites.operations.turn import Turn
from sites.services import operations, sites, slots, swaps
from sites.services.rollback import offer_roll_back
from sites.services.settings import Entry, read_settings, save_settings
from tests.domain import Domain, alter_stage


def preview(domain: Domain) -> Operation:
    production, staging = domain.marked()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)
    domain.look(operation)
    assert operation.state == "waiting", operation.outcome
    return operation


def mark_behind(domain: Domain, host: str) -> str:
    """The sticky mark of the process that a request to `host` reaches."""
    return domain.revision_behind(host).runnable["env"]["MARK"]


def test_staging_shows_the_new_version_under_productions_settings_and_production_is_untouched(domain: Domain) -> None:
    preview(domain)
    assert domain.serves("contoso-staging.localhost") == "two"
    assert mark_behind(domain, "contoso-staging.localhost") == "production"
    assert domain.serves("contoso.localhost") == "one"
    assert mark_behind(domain, "contoso.localhost") == "production"


def test_completing_switches_what_was_shown(domain: Domain) -> None:
    operation = preview(domain)
    shown = domain.revision_behind("contoso-staging.localhost")
    swaps.complete_swap(acting_user=domain.alice, operation=operation)
    assert domain.work(operation).state == "succeeded", operation.outcome
    assert domain.revision_behind("contoso.localhost") == shown
    assert domain.serves("contoso-staging.localhost") == "one"
    assert mark_behind(domain, "contoso-staging.localhost") == "staging"
    assert not SlotHold.objects.exists()


def test_the_wait_for_a_person_is_no_part_of_the_swaps_seconds(domain: Domain) -> None:
    operation = preview(domain)
    Operation.objects.filter(pk=operation.pk).update(created_at=now() - timedelta(hours=5))
    swaps.complete_swap(acting_user=domain.alice, operation=operation)
    told = re.search(r" in ([0-9.]+) s\.$", domain.work(operation).outcome)
    assert told and float(told[1]) < 60
    offer = offer_roll_back(operation.site)
    assert offer is not None and offer.seconds < 60


def test_cancelling_gives_staging_its_own_instances_back(domain: Domain) -> None:
    operation = preview(domain)
    shown = domain.revision_behind("contoso-staging.localhost")
    operations.cancel(acting_user=domain.alice, operation=operation)
    assert domain.work(operation).state == "cancelled"
    assert mark_behind(domain, "contoso-staging.localhost") == "staging"
    assert domain.serves("contoso-staging.localhost") == "two"
    assert domain.serves("contoso.localhost") == "one"
    shown.refresh_from_db()
    assert shown.state == RevisionState.DRAINING
    assert not SlotHold.objects.exists()


def test_nobody_takes_up_a_preview_that_waits(domain: Domain) -> None:
    preview(domain)
    Operation.objects.update(due_at=now() - timedelta(hours=1))
    assert not claims.take_from_lost() and not claims.find_unasked()


def test_who_cancels_just_before_a_preview_begins_to_wait_is_heard(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = domain.marked()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)

    def show_and_be_cancelled(turn: Turn) -> Progress:
        progress = show_preview.wait(turn)
        operations.cancel(acting_user=domain.alice, operation=operation)
        return progress

    alter_stage(monkeypatch, Step.PREPARED, work=show_and_be_cancelled)
    assert domain.look(operation).state == "cancelled"
    assert not SlotHold.objects.exists()


def test_every_refusal_names_the_pending_swap_and_its_person(domain: Domain) -> None:
    operation = preview(domain)
    production, staging = operation.swap.target, operation.swap.source
    who = {"acting_user": domain.alice}
    entries = [Entry("MARK", "other", is_sticky=True)]
    for refused in (
        lambda: swaps.request_swap(source=staging, target=production, **who),
        *(partial(slots.restart, slot=slot, **who) for slot in (staging, production)),
        *(partial(domain.publish, slot, "three") for slot in (staging, production)),
        *(
            partial(save_settings, slot=slot, category=Category.APP_SETTINGS, entries=entries, **who)
            for slot in (staging, production)
        ),
        partial(slots.scale, slot=staging, count=2, **who),
        partial(slots.stop, slot=staging, **who),
        partial(slots.delete_staging, slot=staging, **who),
        partial(sites.delete_site, site=production.site, typed_name="contoso", **who),
        partial(sites.change_mode, site=production.site, mode="free", **who),
    ):
        with pytest.raises(SwapPending, match=r"'contoso \(staging\)' is prepared for a swap .* started by alice"):
            refused()
    assert SlotHold.objects.filter(operation=operation).count() == 2


def test_a_mark_set_in_a_third_slot_leaves_what_a_preview_holds_alone(domain: Domain, settings: LazySettings) -> None:
    settings.STAGING_SLOTS_PER_SITE = 2
    operation = preview(domain)
    cancelled = operations.cancel(acting_user=domain.alice, operation=operation)
    domain.work(cancelled)
    site = operation.site
    domain.work(slots.enable_staged_publishing(acting_user=domain.alice, site=site))
    production, staging = operation.swap.target, operation.swap.source
    again = swaps.request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)
    domain.look(again)
    third = site.slots.get(name="staging2")
    with pytest.raises(SwapPending):
        save_settings(
            acting_user=domain.alice,
            slot=third,
            category=Category.APP_SETTINGS,
            entries=[Entry("MARK", "third")],
        )
    assert {entry.is_sticky for entry in read_settings(production, Category.APP_SETTINGS)} == {True}
    assert {entry.is_sticky for entry in read_settings(third, Category.APP_SETTINGS)} == {True}


def test_production_may_be_scaled_meanwhile_and_the_missing_instances_start_before_the_switch(domain: Domain) -> None:
    operation = preview(domain)
    production = operation.swap.target
    scaled = slots.scale(acting_user=domain.alice, slot=production, count=3)
    with pytest.raises(Refused, match="cannot be completed while the change of scale of alice goes on"):
        swaps.complete_swap(acting_user=domain.alice, operation=operation)
    assert domain.work(scaled).state == "succeeded", scaled.outcome
    assert SlotHold.objects.filter(operation=operation).count() == 2
    swaps.complete_swap(acting_user=domain.alice, operation=operation)
    assert domain.work(operation).state == "succeeded", operation.outcome
    assert len(domain.runtime.observe([domain.revision_behind("contoso.localhost").pk])) == 3


def test_stopping_production_ends_the_preview(domain: Domain) -> None:
    operation = preview(domain)
    domain.work(slots.stop(acting_user=domain.alice, slot=operation.swap.target))
    assert domain.router.answer("contoso.localhost").page == "stopped"
    assert domain.work(operation).state == "cancelled"
    assert mark_behind(domain, "contoso-staging.localhost") == "staging"
    assert not SlotHold.objects.exists()


def test_a_stop_of_production_that_comes_to_nothing_leaves_the_preview(domain: Domain) -> None:
    operation = preview(domain)
    stop = slots.stop(acting_user=domain.alice, slot=operation.swap.target)
    operations.cancel(acting_user=domain.alice, operation=stop)
    assert domain.work(stop).state == "cancelled"
    operation.refresh_from_db()
    assert operation.state == "waiting"
    assert SlotHold.objects.filter(operation=operation).count() == 2


def test_who_cancels_second_is_told_that_it_is_being_cancelled(domain: Domain) -> None:
    operation = preview(domain)
    operations.cancel(acting_user=domain.alice, operation=operation)
    with pytest.raises(Refused, match="is being cancelled already, since"):
        operations.cancel(acting_user=domain.alice, operation=operation)
    assert domain.work(operation).state == "cancelled"


def test_a_forgotten_preview_ends_by_itself(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = preview(domain)
    for task in (
        tasks.retire_revisions,
        tasks.reconcile_instances,
        tasks.tidy_contents,
        tasks.keep_sites_loaded,
    ):
        monkeypatch.setattr(task, "delay", lambda *_: None)
    monkeypatch.setattr(tasks.advance, "apply_async", lambda *_, **__: None)
    tasks.tick(Schedule())
    operation.refresh_from_db()
    assert operation.state == "waiting"
    Operation.objects.filter(pk=operation.pk).update(step_at=now() - timedelta(hours=25))
    tasks.tick(Schedule())
    assert domain.work(operation).state == "cancelled"
    assert domain.serves("contoso-staging.localhost") == "two"


def test_a_swap_that_waits_for_nobody_cannot_be_completed(domain: Domain) -> None:
    production, staging = domain.staged()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    with pytest.raises(Refused, match="does not wait for its completion"):
        swaps.complete_swap(acting_user=domain.alice, operation=operation)


def test_a_preview_that_every_router_refuses_ends_and_staging_shows_its_own_version(domain: Domain) -> None:
    production, staging = domain.marked()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)
    node = domain.router.nodes["router-1"]
    take = domain.router.publish

    def refuse_the_preview(site_id: int, version: int, **values: float) -> object:
        operation.refresh_from_db()
        node.refuses = "no" if operation.step == "prepared" else ""
        return take(site_id, version, **values)

    domain.router.publish = refuse_the_preview
    assert domain.work(operation).state == "failed"
    node.refuses = ""
    take(production.site_id, production.site.routes_version)
    assert mark_behind(domain, "contoso-staging.localhost") == "staging"
    assert not SlotHold.objects.exists()


def test_who_was_removed_meanwhile_does_not_go_on_with_what_they_asked_for(domain: Domain) -> None:
    production, staging = domain.staged()
    member = Membership.objects.create(subscription=domain.subscription, user=domain.charlie, role=Role.CONTRIBUTOR)
    asked = swaps.request_swap(acting_user=domain.charlie, source=staging, target=production, with_preview=True)
    assert access.get_operation_for_change(domain.charlie, asked.public_id) == asked
    member.role = Role.READER
    member.save()
    with pytest.raises(NotAllowed):
        access.get_operation_for_change(domain.charlie, asked.public_id)
    member.delete()
    with pytest.raises(NotFound):
        access.get_operation_for_change(domain.charlie, asked.public_id)
