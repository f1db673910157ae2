"""Step PREPARING: find or make the revision of each side."""

import json

from sites.errors import InstanceNotStarted
from sites.models import Instance, Revision, RevisionState, SlotChange
from sites.operations.retention import BACK_IN_USE
from sites.operations.turn import Turn
from sites.planning import fault_of_environment, make_plan


def prepare(turn: Turn) -> None:
    """Give each change its revision: one that runs already with the needed fingerprint, or a new row."""
    for change in turn.starting:
        plan = make_plan(change.held_slot, change.occupant_after, change.deployment_after, turn.entries)
        if fault := fault_of_environment(json.loads(plan.snapshot)["env"]):
            raise _impossible(turn, change, fault)
        revision = _reused(change, plan.fingerprint) or Revision.objects.create(
            site=change.held_slot.site,
            workload=change.workload_after,
            slot=change.slot,
            deployment=change.deployment_after,
            fingerprint=plan.fingerprint,
            snapshot=plan.snapshot,
            allows_web_sockets=plan.allows_web_sockets,
            speaks_http2=plan.speaks_http2,
            cpu_percent=plan.figures.cpu_percent,
            memory_mb=plan.figures.memory_mb,
            wanted_count=change.count_after,
        )
        if revision.wanted_count < change.count_after:
            revision.wanted_count = change.count_after
            revision.generation += 1
            revision.save(update_fields=["wanted_count", "generation"])
        change.revision_after, change.was_healthy = revision, None
    SlotChange.objects.bulk_update(turn.starting, ["revision_after", "was_healthy"])
    _expect_instances([change.prepared for change in turn.starting])


def _impossible(turn: Turn, change: SlotChange, fault: str) -> InstanceNotStarted:
    return InstanceNotStarted(
        what=turn.what,
        ordinal=1,
        count=change.count_after,
        name=change.held_slot.title,
        how=f"cannot be started: {fault}",
        holds=turn.holds,
        last_lines="",
    )


def _expect_instances(revisions: list[Revision]) -> None:
    """Have a row for each wanted instance, whose tries begin anew."""
    known = list(Instance.objects.filter(revision__in=revisions))
    if tried := [one.pk for one in known if one.warmup_tried_at is not None]:
        Instance.objects.filter(pk__in=tried).update(warmup_tries=0, warmup_tried_at=None)
    places = {one.place for one in known}
    Instance.objects.bulk_create(
        Instance(revision=revision, ordinal=ordinal)
        for revision in revisions
        for ordinal in range(revision.wanted_count)
        if (revision.pk, ordinal) not in places
    )


def _reused(change: SlotChange, fingerprint: str) -> Revision | None:
    revision = Revision.objects.filter(
        workload=change.workload_after, fingerprint=fingerprint, state__in=Revision.REUSABLE
    ).first()
    if revision is not None and revision.state == RevisionState.DRAINING:
        if not revision.transition(RevisionState.DRAINING, RevisionState.READY, **BACK_IN_USE):
            return None
    return revision


def give_up(turn: Turn) -> None:
    """Undo the preparation: what this operation started is stopped, what it revived drains again."""
    for change in turn.changes:
        if change.revision_after_id is None or change.prepared.live_slots.exists():
            continue  # in service before and still; surplus instances are trimmed by the retirement
        revision = change.prepared
        revision.transition(RevisionState.PREPARING, RevisionState.STOPPING, generation=revision.generation + 1)
        # Routers may still know it from before; its clock starts when all have acknowledged routes without it
        revision.transition(
            RevisionState.READY, RevisionState.DRAINING, released_at=None, drain_deadline=None, idle_since=None
        )
