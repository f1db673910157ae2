"""Step SWITCHED: the gate, and behind it the exchange that leads host names to the new revisions."""

from contextlib import suppress
from datetime import datetime

from sites.errors import Failed, Unreachable
from sites.models import (
    Deployment,
    DeploymentState,
    Instance,
    Revision,
    RevisionState,
    Slot,
    SlotChange,
    Swap,
    Workload,
)
from sites.operations import retention, routers, sides, stays
from sites.operations.kind import Need
from sites.operations.procedure import DONE, Progress
from sites.operations.retention import BACK_IN_USE
from sites.operations.turn import Turn
from sites.planning import make_plan


def switch(turn: Turn) -> None:
    """The gate, and behind it the exchange, in the transaction that writes the step.

    Everything that was checked before is checked again here, under the locks of the slots. Raises Failed.
    """
    changes = _locked_changes(turn)
    answered = Instance.objects.filter(warmed_for=turn.operation, is_warm=True).order_by()
    warm = set(answered.values_list("revision_id", "ordinal"))
    required = {place for group in sides.needing(turn, Need.ANSWERING) for place in group.places}
    for change in changes:
        if change.starts:
            own = {place for place in required if place[0] == change.revision_after_id}
            _check(turn, change, missing=len(own - warm), required=len(own))
    _remember_settings(turn, changes)
    retention.remember(turn)
    _exchange(turn, changes)


def _locked_changes(turn: Turn) -> list[SlotChange]:
    """The changes with their slots, read anew under the slots' locks."""
    own = Slot.objects.filter(changes__operation=turn.operation)
    list(own.select_for_update(of=("self",)).order_by("pk").only("pk"))
    turn.forget()
    return turn.changes


def _remember_settings(turn: Turn, changes: list[SlotChange]) -> None:
    """What travels away from production is written down, so that a roll-back can tell whether it was altered."""
    for change in changes:
        if change.held_slot.is_production and change.workload_before_id != change.workload_after_id:
            sticky = change.held_slot.site.sticky_names.values_list("category", "name")
            Swap.objects.filter(operation=change.operation_id).update(
                settings_before=turn.entries.travelling(change.occupant_before), sticky_before=sorted(map(list, sticky))
            )


def _check(turn: Turn, change: SlotChange, *, missing: int, required: int) -> None:
    slot, revision = change.held_slot, change.prepared
    plan = make_plan(slot, change.occupant_after, change.deployment_after, turn.entries)
    if slot.workload_id != change.workload_before_id or plan.fingerprint != revision.fingerprint:
        reason = f"the configuration or content of '{slot.title}' changed meanwhile"
    elif revision.state not in (RevisionState.READY, RevisionState.SERVING, RevisionState.RETAINED):
        reason = f"the instances of '{slot.title}' were given up meanwhile"
    elif missing:
        reason = f"{required - missing} of {required} instances of '{slot.title}' were warm"
    else:
        return
    raise Failed(f"{turn.what} was stopped: {reason}. {turn.holds} Try again.")


def _exchange(turn: Turn, changes: list[SlotChange]) -> None:
    """Set workloads and live revisions of all slots, and raise the site's routes version, once."""
    moment = turn.now()
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
        _put_in_force(change, moment)
        _serve(change, moment)
    Slot.objects.bulk_update(
        [change.held_slot for change in changes], ["workload", "live_revision", "is_running", "instance_count"]
    )
    stays.follow([change.held_slot for change in changes], moment, turn.operation)
    retention.retire_candidates(turn, changes)
    retention.take_out_of_service(turn, changes, replaced)
    version = turn.site.touch_routes()
    swap = getattr(turn.operation, "swap", None)
    if swap is not None:
        swap.switched_at, swap.routes_version = moment, version
        swap.save(update_fields=["switched_at", "routes_version"])


def _put_in_force(change: SlotChange, moment: datetime) -> None:
    """The slot's workload is what the change's deployment has brought; a swap finds it so."""
    workload, deployment = change.workload_after, change.deployment_after
    if workload is not None and workload.active_deployment_id != change.deployment_after_id:
        Workload.objects.filter(pk=workload.pk).update(active_deployment=deployment)
    if deployment is not None and deployment.state in Deployment.OPEN:
        deployment.transition(Deployment.OPEN, DeploymentState.ACTIVE, ended_at=moment)


def _serve(change: SlotChange, moment: datetime) -> None:
    """Put the change's revision into service in its slot (I2)."""
    if change.revision_after_id is not None:
        Revision.objects.filter(pk=change.revision_after_id).update(
            state=RevisionState.SERVING,
            slot=change.slot_id,
            deployment=change.deployment_after,
            used_at=moment,
            **BACK_IN_USE,
        )


def announce(turn: Turn) -> Progress:
    """The exchange was the work; the routers hear of it before anything else, and are waited for in the next step."""
    with suppress(Unreachable):
        routers.announce(turn.site)
    return DONE


def switch_back(turn: Turn) -> None:
    """The same exchange the other way round."""
    back = [
        SlotChange(
            slot=change.slot,
            workload_before=change.workload_after,
            workload_after=change.workload_before,
            revision_after_id=change.revision_before_id,
            count_after=change.count_before,
            is_running_after=change.was_running,
            deployment_after=change.deployment_before,
        )
        for change in _locked_changes(turn)
    ]
    _exchange(turn, back)
    retention.give_back(turn)
