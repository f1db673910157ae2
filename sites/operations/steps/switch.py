"""Steps OFFERED, SWITCHED and PUBLISHED: from warm instances to host names that lead to them."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import Q

from sites.errors import Failed, RoutesRefused, Unreachable
from sites.models import (
    Deployment,
    DeploymentState,
    Instance,
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
from sites.operations import figures, retention, routers, wording
from sites.operations.procedure import DONE, Progress
from sites.operations.steps.prepare import BACK_IN_USE, PLANNED
from sites.planning import make_plan

LATE_SECONDS = 30.0
"""So long an operation waits for routers that have not acknowledged; the old side waits for as long as it takes."""


def offer(operation: Operation) -> None:
    """Make the warm instances part of the route table, so that routers know them before any host name leads there.

    Where they were part of it all the time, the routes stay as they are.
    """
    changed = 0
    for revision_id, count in operation.changes.starting().values_list("revision_after_id", "count_after"):
        revision = Revision.objects.filter(pk=revision_id)
        # What was kept warm may have been let go of just when this operation took hold of it
        returned = revision.filter(state__in=[RevisionState.PREPARING, RevisionState.DRAINING])
        changed += returned.update(state=RevisionState.READY, **BACK_IN_USE)
        changed += revision.filter(routed_count__lt=count).update(routed_count=count)
    if changed:
        operation.held_site.touch_routes()


def wait_until_offered(operation: Operation) -> Progress:
    """Until every registered router has acknowledged the endpoints. Raises RoutesRefused."""
    answer = acknowledged(operation)
    if not answer.missing:
        figures.begin(operation)
    return Progress(not answer.missing, answer.sentence)


def acknowledged(operation: Operation) -> routers.Answer:
    """What the routers say of the site's routes. Raises RoutesRefused when every router refuses them."""
    answer = routers.publish(operation.held_site)
    if answer.refusal:
        raise RoutesRefused(what=wording.what(operation), reason=answer.refusal, holds=wording.holds(operation))
    return answer


def switch(operation: Operation) -> None:
    """The gate, and behind it the exchange, in the transaction that writes the step.

    Everything that was checked before is checked again here, under the locks of the slots. Raises Failed.
    """
    changes = _locked_changes(operation)
    answered = Instance.objects.filter(warmed_for=operation, is_warm=True).order_by()
    warm = set(answered.values_list("revision_id", "ordinal"))
    for change in changes:
        if change.starts:
            _check(operation, change, sum((change.revision_after_id, n) in warm for n in range(change.count_after)))
    _remember_settings(changes)
    exchange(operation, changes)


def _locked_changes(operation: Operation) -> list[SlotChange]:
    """The changes with their slots as they are under the slots' locks."""
    list(Slot.objects.select_for_update(of=("self",)).filter(changes__operation=operation).order_by("pk").only("pk"))
    return list(operation.changes.loaded("workload_before", *PLANNED))


def _remember_settings(changes: list[SlotChange]) -> None:
    """What travels away from production is written down, so that a roll-back can tell whether it was altered."""
    for change in changes:
        if change.held_slot.is_production and change.workload_before_id != change.workload_after_id:
            sticky = change.held_slot.site.sticky_names.values_list("category", "name")
            Swap.objects.filter(operation=change.operation_id).update(
                settings_before=change.occupant_before.settings_as_json(), sticky_before=sorted(map(list, sticky))
            )


def _check(operation: Operation, change: SlotChange, warm: int) -> None:
    slot, revision = change.held_slot, change.prepared
    plan = make_plan(slot, change.occupant_after, change.deployment_after)
    if slot.workload_id != change.workload_before_id or plan.fingerprint != revision.fingerprint:
        reason = f"the configuration or content of '{slot.title}' changed meanwhile"
    elif revision.state not in (RevisionState.READY, RevisionState.SERVING, RevisionState.RETAINED):
        reason = f"the instances of '{slot.title}' were given up meanwhile"
    elif warm < change.count_after:
        reason = f"{warm} of {change.count_after} instances of '{slot.title}' were warm"
    else:
        return
    raise Failed(f"{wording.what(operation)} was stopped: {reason}. {wording.holds(operation)} Try again.")


def exchange(operation: Operation, changes: list[SlotChange]) -> None:
    """Set workloads and live revisions of all slots, and raise the site's routes version, once."""
    moment = now()
    moving = [change.held_slot.pk for change in changes if change.workload_after_id != change.workload_before_id]
    Slot.objects.filter(pk__in=moving).update(workload=None)  # the column is unique at every moment
    replaced: set[int] = set()
    for change in changes:
        slot = change.held_slot
        replaced |= {pk for pk in (slot.live_revision_id, change.revision_before_id) if pk is not None}
        slot.workload_id = change.workload_after_id
        slot.live_revision_id = change.revision_after_id
        slot.is_running = change.is_running_after
        slot.instance_count = change.count_after or slot.instance_count
        slot.save(update_fields=["workload", "live_revision", "is_running", "instance_count"])
        put_in_force(change, moment)
        serve(change)
    retention.retire_candidates(operation, changes)
    retention.take_out_of_service(operation, changes, replaced)
    version = operation.held_site.touch_routes()
    swap = getattr(operation, "swap", None)
    if swap is not None:
        swap.switched_at, swap.routes_version = moment, version
        swap.save(update_fields=["switched_at", "routes_version"])


def put_in_force(change: SlotChange, moment: datetime) -> None:
    """The slot's workload is what the change's deployment has brought; a swap finds it so."""
    workload, deployment = change.workload_after, change.deployment_after
    if workload is not None and workload.active_deployment_id != change.deployment_after_id:
        Workload.objects.filter(pk=workload.pk).update(active_deployment=deployment)
    if deployment is not None and deployment.state in Deployment.OPEN:
        deployment.transition(Deployment.OPEN, DeploymentState.ACTIVE, ended_at=moment)


def serve(change: SlotChange) -> None:
    """Put the change's revision into service in its slot (I2)."""
    if change.revision_after_id is not None:
        Revision.objects.filter(pk=change.revision_after_id).update(
            state=RevisionState.SERVING, slot=change.slot_id, **BACK_IN_USE
        )


def switched(operation: Operation) -> Progress:
    """The exchange was the work; the routers are told before anything else, and waited for in the next step."""
    with suppress(Unreachable):
        routers.announce(operation.held_site)
    return DONE


def wait_until_published(operation: Operation) -> Progress:
    """Until every registered router has acknowledged the new routes, at the latest after LATE_SECONDS.

    Raises RoutesRefused, with the exchange undone, when every router refuses them.
    """
    answer = acknowledged(operation)
    if not answer.missing:
        moment = now()
        release(operation.held_site, moment)
        Swap.objects.filter(operation=operation).update(acknowledged_at=moment)
        return Progress(True, answer.sentence)
    started = operation.steps.get(step=operation.step).started_at
    is_late = seconds_since(started) > LATE_SECONDS
    return Progress(is_late, f"switched; {answer.late} late" if is_late else answer.sentence)


def release(site: Site, moment: datetime) -> None:
    """Every router knows routes without the draining revisions: their clocks start at `moment` (invariant I3).

    Nothing happens when the routes are newer by now: what another operation has just replaced was not acknowledged.
    """
    leaving = Q(state=RevisionState.DRAINING, released_at=None, site__routes_version=site.routes_version)
    for revision in site.revisions.filter(leaving).select_related("slot"):
        limit = revision.slot.drain_limit_seconds if revision.slot else 30
        Revision.objects.filter(leaving, pk=revision.pk).update(
            released_at=moment, drain_deadline=moment + timedelta(seconds=limit)
        )


def switch_back(operation: Operation) -> None:
    """The same exchange the other way round, after every router has refused the routes."""
    back = [
        SlotChange(
            slot=change.slot,
            workload_before=change.workload_after,
            workload_after=change.workload_before,
            revision_after_id=change.revision_before_id,
            count_after=change.count_before,
            is_running_after=change.was_running,
            deployment_after=wording.in_force_before(change.occupant_before),
        )
        for change in _locked_changes(operation)
    ]
    exchange(operation, back)
