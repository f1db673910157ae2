"""Which instances of an operation must run and answer before the switch, decided once for every step that waits.

A kind says what it needs. Where that depends on how well the same content serves now, it is asked a reference request,
beside everything else and for some seconds at most: an application that was broken before is not waited for.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sites.counted import counted
from sites.models import Instance, Rest, RevisionState, Slot, SlotChange
from sites.operations.kind import Need
from sites.operations.probing import Questions
from sites.operations.turn import Turn
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState, InstanceStatus, ProbeState

REFERENCE_SECONDS = 3.0
ATTEMPT_SECONDS = 30.0
"""How long instances are waited for that the operation can do without."""


@dataclass(frozen=True, slots=True)
class Group:
    """Some instances of one side that are alike."""

    change: SlotChange
    ordinals: range
    need: Need | None
    """ANSWERING, ATTEMPTED or NOTHING; None as long as nobody knows how well their content serves now."""
    are_new: bool
    """Whether they are started in this operation, so that all their crashes are of it."""

    @property
    def places(self) -> list[tuple[int, int]]:
        """The instances by revision and ordinal."""
        return [(self.change.prepared.pk, ordinal) for ordinal in self.ordinals]


def groups(turn: Turn) -> list[Group]:
    """All instances that the operation is to bring into service."""
    serving = {
        change.revision_before_id: change.count_before
        for change in turn.changes
        if change.was_running and not _is_unloaded(change)
    }
    found = []
    for change in turn.starting:
        served = min(serving.get(change.revision_after_id, 0), change.count_after)
        for ordinals, is_in_service in ((range(served), True), (range(served, change.count_after), False)):
            if ordinals:
                need = _need(turn, change, is_in_service=is_in_service)
                is_made = change.prepared.state == RevisionState.PREPARING
                found.append(Group(change, ordinals, need, are_new=is_made or (bool(served) and not is_in_service)))
    return found


def needing(turn: Turn, *needs: Need) -> list[Group]:
    """Those with one of these needs."""
    return [group for group in groups(turn) if group.need in needs]


def _need(turn: Turn, change: SlotChange, *, is_in_service: bool) -> Need | None:
    need = turn.kind.need(change, is_in_service=is_in_service)
    if need in (Need.ANSWERING, Need.NOTHING):
        return need
    if change.was_healthy is None:
        return None
    if not change.was_healthy:
        return Need.NOTHING
    return Need.ANSWERING if need is Need.AS_BEFORE else need


def references(turn: Turn) -> list[int]:
    """Revisions of which it has still to be known how well they serve."""
    undecided = [group.change for group in groups(turn) if group.need is None]
    served = [_served_by(turn, change) for change in undecided]
    return [before.revision_before_id for before in served if before is not None and before.revision_before_id]


def decide(turn: Turn, statuses: Iterable[InstanceStatus]) -> None:
    """Write down how well the content of each side serves now, as far as that is known; `statuses` of `references`."""
    for change in turn.starting:
        if any(group.need is None for group in groups(turn) if group.change is change):
            change.was_healthy = _is_healthy(turn, change, statuses)
            if change.was_healthy is not None:
                change.save(update_fields=["was_healthy"])


def _served_by(turn: Turn, change: SlotChange) -> SlotChange | None:
    """The change of the slot in which its content serves now; None where it serves nowhere."""
    found = (one for one in turn.changes if one.workload_before_id == change.workload_after_id and one.was_running)
    return next((one for one in found if one.revision_before_id is not None), None)


def _is_healthy(turn: Turn, change: SlotChange, statuses: Iterable[InstanceStatus]) -> bool | None:
    """Whether one of its instances runs, has not crashed lately, and answers; None while it may still answer."""
    before = _served_by(turn, change)
    if before is None or _is_unloaded(before):  # which served well, or nobody would have unloaded it
        return True
    running = [
        (status.revision_id, status.ordinal)
        for status in statuses
        if status.revision_id == before.revision_before_id
        and status.state == InstanceState.RUNNING
        and not status.is_failing
    ]
    if not running:
        return False
    slot, workload = before.held_slot, before.occupant_before.pk
    questions = Questions([slot], turn.entries)
    prefix = f"{probe_prefix(turn)}reference-{turn.operation.step_at.timestamp()}"
    http2 = before.revision_before is not None and before.revision_before.speaks_http2
    asked = get_runtime().probe(
        questions.ask(
            f"{prefix}-{place[0]}-{place[1]}", slot, workload, place, seconds=REFERENCE_SECONDS, speaks_http2=http2
        )
        for place in running
    )
    if any(probe.is_accepted for probe in asked):
        return True
    return None if any(probe.state != ProbeState.ANSWERED for probe in asked) else False


def _is_unloaded(change: SlotChange) -> bool:
    """What served in its slot has no instances, because nobody visited it."""
    return change.revision_before is not None and change.revision_before.rest != Rest.LOADED


def probe_prefix(turn: Turn) -> str:
    """With what the ids of all probes of the operation begin."""
    return f"operation-{turn.operation.pk}-"


def end_probes(turn: Turn) -> None:
    """Nobody waits for an answer any more."""
    get_runtime().end_probes(probe_prefix(turn))


def remark(turn: Turn) -> str:
    """What is to be said of instances that were not waited for, or in vain; empty where there are none."""
    said = ""
    for change in turn.starting:
        if change.was_healthy is False:
            said += f" Nobody waited for '{change.held_slot.title}' to answer: what it serves was failing before."
    for group in needing(turn, Need.ATTEMPTED):
        said += _left_unanswered(turn, group)
    return said


def _left_unanswered(turn: Turn, group: Group) -> str:
    answered = Instance.objects.filter(revision=group.change.revision_after_id, warmed_for=turn.operation)
    missing = len(group.ordinals) - answered.filter(ordinal__in=group.ordinals).count()
    slot: Slot = group.change.held_slot
    if not missing:
        return ""
    return (
        f" {missing} of {counted(len(group.ordinals), 'instance')} of '{slot.title}' not answering: "
        "look into its log, then publish to it or change its settings."
    )
