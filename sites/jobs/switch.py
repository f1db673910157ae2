"""Steps OFFERED, SWITCHED and PUBLISHED: from warm instances to host names that lead to them."""

from contextlib import suppress
from datetime import timedelta

from django.db.models import Q

from sites.errors import Failed, RoutesRefused, Unreachable
from sites.jobs import figures, rollback, wording
from sites.jobs.prepare import BACK_IN_USE, PLANNED, changes_to_start
from sites.jobs.procedure import DONE, Progress, check_cancelled
from sites.models import (
    Deployment,
    DeploymentState,
    Operation,
    Revision,
    RevisionState,
    Site,
    Slot,
    SlotChange,
    Swap,
    Workload,
)
from sites.models.clock import now, seconds_since
from sites.planning import make_plan
from sites.router import get_router
from sites.router.base import Acknowledgement
from sites.routing import registered_nodes

LATE_SECONDS = 30.0
"""So long an operation waits for routers that have not acknowledged; the old side waits for as long as it takes."""


def offer(operation: Operation) -> None:
    """Make the warm instances part of the route table, so that routers know them before any host name leads there."""
    for change in changes_to_start(operation):
        revision = change.prepared
        # What was kept warm may have been let go of just when this operation took hold of it
        revision.transition((RevisionState.PREPARING, RevisionState.DRAINING), RevisionState.READY, **BACK_IN_USE)
        Revision.objects.filter(pk=revision.pk, routed_count__lt=change.count_after).update(
            routed_count=change.count_after
        )
    operation.held_site.touch_routes()


def wait_until_offered(operation: Operation) -> Progress:
    """Until every registered router has acknowledged the endpoints."""
    acknowledgement = publish(operation.held_site)
    missing = missing_nodes(acknowledgement, operation.held_site.routes_version)
    if acknowledgement.refusals and set(acknowledgement.refusals) >= registered_nodes():
        raise refused(operation, acknowledgement)
    if not missing:
        figures.begin(operation)
    return Progress(not missing, progress(missing))


def publish(site: Site, *, wait_seconds: float = 2.0) -> Acknowledgement:
    """Have the site's committed routes taken by every connected router."""
    site.refresh_from_db(fields=["routes_version"])
    return get_router().publish(site.pk, site.routes_version, wait_seconds=wait_seconds)


def missing_nodes(acknowledgement: Acknowledgement, version: int) -> set[str]:
    """Registered routers without an acknowledgement of `version`; a word of its own while none is registered."""
    registered = registered_nodes()
    if not registered:
        return {"no router has registered yet"}
    return {node for node in registered if acknowledgement.versions.get(node, -1) < version}


def progress(missing: set[str]) -> str:
    return f"waiting for {', '.join(sorted(missing))}" if missing else "acknowledged by every router"


def refused(operation: Operation, acknowledgement: Acknowledgement) -> RoutesRefused:
    """The failure when no router takes the routes."""
    reason = next(iter(acknowledgement.refusals.values()))
    return RoutesRefused(what=wording.what(operation), reason=reason, holds=wording.holds(operation))


def switch(operation: Operation) -> None:
    """The gate, and behind it the exchange, in the transaction that writes the step.

    Everything that was checked before is checked again here, under the locks of the slots. Raises Failed.
    """
    changes = list(operation.changes.select_related("slot__site", "workload_before", "workload_after"))
    slots = _locked_slots(operation)
    check_cancelled(operation)
    for change in changes_to_start(operation, *PLANNED):
        _check(operation, change, slots[change.held_slot.pk])
    _remember_settings(changes)
    exchange(operation, changes, slots)


def _remember_settings(changes: list[SlotChange]) -> None:
    """What travels away from production is written down, so that a roll-back can tell whether it was altered."""
    for change in changes:
        if change.held_slot.is_production and change.workload_before_id != change.workload_after_id:
            sticky = change.held_slot.site.sticky_names.values_list("category", "name")
            Swap.objects.filter(operation=change.operation_id).update(
                settings_before=change.occupant_before.settings_as_json(), sticky_before=sorted(map(list, sticky))
            )


def _locked_slots(operation: Operation) -> dict[int, Slot]:
    locked = Slot.objects.select_for_update(of=("self",)).filter(changes__operation=operation)
    return {slot.pk: slot for slot in locked.select_related("site").order_by("pk")}


def _check(operation: Operation, change: SlotChange, slot: Slot) -> None:
    revision = change.prepared
    plan = make_plan(change.held_slot, change.occupant_after, change.deployment_after)
    warm = revision.instances.filter(warmed_for=operation, is_warm=True, ordinal__lt=change.count_after).count()
    if slot.workload_id != change.workload_before_id or plan.fingerprint != revision.fingerprint:
        reason = f"the configuration or content of '{slot.title}' changed meanwhile"
    elif revision.state not in (RevisionState.READY, RevisionState.SERVING, RevisionState.RETAINED):
        reason = f"the instances of '{slot.title}' were given up meanwhile"
    elif warm < change.count_after:
        reason = f"{warm} of {change.count_after} instances of '{slot.title}' were warm"
    else:
        return
    raise Failed(f"{wording.what(operation)} was stopped: {reason}. {wording.holds(operation)} Try again.")


def exchange(operation: Operation, changes: list[SlotChange], slots: dict[int, Slot]) -> None:
    """Set workloads and live revisions of all slots, and raise the site's routes version, once."""
    for change in changes:
        if change.workload_after_id != change.workload_before_id:
            Slot.objects.filter(pk=change.held_slot.pk).update(workload=None)  # the column is unique at every moment
    replaced: set[int] = set()
    for change in changes:
        slot = slots[change.held_slot.pk]
        replaced |= {pk for pk in (slot.live_revision_id, change.revision_before_id) if pk is not None}
        slot.workload_id = change.workload_after_id
        slot.live_revision_id = change.revision_after_id
        slot.is_running = change.is_running_after
        slot.instance_count = change.count_after or slot.instance_count
        slot.save(update_fields=["workload", "live_revision", "is_running", "instance_count"])
        Workload.objects.filter(slot=slot).update(active_deployment=change.deployment_after_id)
        if change.deployment_after_id is not None:
            Deployment.objects.filter(pk=change.deployment_after_id, state__in=Deployment.OPEN).update(
                state=DeploymentState.ACTIVE, ended_at=now()
            )
        serve(change)
    kept = {change.revision_after_id for change in changes}
    rollback.retire_candidates(operation, kept)
    rollback.take_out_of_service(operation, replaced, kept)
    version = operation.held_site.touch_routes()
    Swap.objects.filter(operation=operation).update(switched_at=now(), routes_version=version)


def serve(change: SlotChange) -> None:
    """Put the change's revision into service in its slot (I2)."""
    if change.revision_after_id is not None:
        Revision.objects.filter(pk=change.revision_after_id).update(
            state=RevisionState.SERVING, slot=change.slot_id, **BACK_IN_USE
        )


def switched(operation: Operation) -> Progress:
    """The exchange was the work; the routers are told before anything else, and waited for in the next step."""
    with suppress(Unreachable):
        publish(operation.held_site, wait_seconds=0.0)
    return DONE


def wait_until_published(operation: Operation) -> Progress:
    """Until every registered router has acknowledged the new routes, at the latest after LATE_SECONDS.

    Raises RoutesRefused, with the exchange undone, when every router refuses them.
    """
    acknowledgement = publish(operation.held_site)
    registered = registered_nodes()
    if registered and set(acknowledgement.refusals) >= registered:
        raise refused(operation, acknowledgement)
    missing = missing_nodes(acknowledgement, operation.held_site.routes_version)
    if not missing:
        release(operation.held_site)
        Swap.objects.filter(operation=operation).update(acknowledged_at=now())
        return Progress(True, progress(missing))
    started = operation.steps.get(step=operation.step).started_at
    is_late = seconds_since(started) > LATE_SECONDS
    return Progress(is_late, f"switched; {', '.join(sorted(missing))} late" if is_late else progress(missing))


def release(site: Site) -> None:
    """Every router knows routes without the draining revisions: their clocks start (invariant I3).

    Nothing happens when the routes are newer by now: what another operation has just replaced was not acknowledged.
    """
    moment = now()
    acknowledged = Q(state=RevisionState.DRAINING, released_at=None, site__routes_version=site.routes_version)
    for revision in site.revisions.filter(acknowledged).select_related("slot"):
        limit = revision.slot.drain_limit_seconds if revision.slot else 30
        Revision.objects.filter(acknowledged, pk=revision.pk).update(
            released_at=moment, drain_deadline=moment + timedelta(seconds=limit)
        )


def switch_back(operation: Operation) -> None:
    """The same exchange the other way round, after every router has refused the routes."""
    slots = _locked_slots(operation)
    back = [
        SlotChange(
            slot=change.slot,
            workload_before_id=change.workload_after_id,
            workload_after_id=change.workload_before_id,
            revision_after_id=change.revision_before_id,
            count_after=change.count_before,
            is_running_after=change.was_running,
            deployment_after=wording.in_force_before(change.occupant_before),
        )
        for change in operation.changes.select_related("slot", "workload_before").order_by("slot_id")
    ]
    exchange(operation, back, slots)
