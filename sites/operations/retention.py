"""Out of service: drained at once, or kept warm for a roll-back window."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from sites.models import Kind, Operation, OperationState, Revision, RevisionState, Slot, SlotChange, Swap
from sites.models.clock import now

IN_USE = (RevisionState.SERVING, RevisionState.RETAINED)


def drain(revision: Revision, *, sources: Iterable[str] = IN_USE) -> None:
    """Take a revision out of service; its clock starts when every router has acknowledged."""
    revision.transition(
        sources,
        RevisionState.DRAINING,
        released_at=None,
        idle_since=None,
        drain_deadline=None,
        retained_until=None,
    )


def retain(revision: Revision, until: datetime) -> None:
    """Keep a revision of a swap warm, so that rolling back needs no start and no warm-up."""
    revision.transition(IN_USE, RevisionState.RETAINED, retained_until=until, idle_since=None)


def take_out_of_service(operation: Operation, changes: list[SlotChange], replaced: set[int]) -> None:
    """Drain what an operation has replaced, or keep it warm while a roll-back window is open.

    A swap into production opens the window. Where nothing is sticky, what served before it goes on in the other slot
    and is kept there in its full number; who alters staging meanwhile does not take it away.
    """
    served = {change.revision_after_id for change in changes}
    until = _opened_window(operation, changes)
    back = _wanted_back(operation, changes) if until is not None else set()
    for revision in Revision.objects.filter(pk__in=replaced - served).select_related("slot"):
        if end := until if revision.pk in back else _kept_on(operation, revision):
            retain(revision, end)
        else:
            drain(revision)
    Revision.objects.filter(pk__in=[pk for pk in back if pk in served]).update(retained_until=until)


def _wanted_back(operation: Operation, changes: list[SlotChange]) -> set[int]:
    """What a roll-back would bring back; to staging not what it had before the publication that was swapped."""
    sides = [change for change in changes if operation.kind != Kind.PUBLISH or change.held_slot.is_production]
    return {change.revision_before_id for change in sides if change.revision_before_id is not None}


def _opened_window(operation: Operation, changes: list[SlotChange]) -> datetime | None:
    """End of the window that the operation opens. One that is undone (it was switched already) opens none."""
    swap = getattr(operation, "swap", None)
    if swap is None or swap.switched_at is not None or operation.kind == Kind.ROLL_BACK:
        return None
    target = next(change.held_slot for change in changes if change.slot_id == swap.target_id)
    window = timedelta(seconds=target.rollback_window_seconds)
    return now() + window if window and target.is_production else None


def _kept_on(operation: Operation, revision: Revision) -> datetime | None:
    """End of the last swap's window for what production served before it and staging goes on with until now."""
    is_altering = operation.kind in (Kind.PUBLISH, Kind.CHANGE_SETTINGS)
    until = revision.retained_until
    if not is_altering or until is None or until <= now():
        return None
    return until if operation.changes.filter(revision_before=revision, slot__is_production=False).exists() else None


def retire_candidates(operation: Operation, changes: list[SlotChange]) -> None:
    """At most one candidate per production slot: the next switch of the slot ends the window before it."""
    if operation.kind != Kind.CHANGE_MODE and not hasattr(operation, "swap"):
        return
    own = {change.revision_before_id for change in changes} | {change.revision_after_id for change in changes}
    revisions = Revision.objects.filter(site=operation.held_site).defer("snapshot")
    revisions.filter(state=RevisionState.SERVING).update(retained_until=None)
    for revision in revisions.filter(state=RevisionState.RETAINED):
        if revision.pk not in own:
            drain(revision)


def end_windows(*, all_of_them: bool = False) -> int:
    """Let go of revisions whose window is over, or of all when memory is short; returns how many."""
    over = Revision.objects.filter(state__in=IN_USE, retained_until__isnull=False)
    if not all_of_them:
        over = over.filter(retained_until__lte=now())
    ended = [revision for revision in over if not _is_held(revision)]
    for revision in ended:
        drain(revision, sources=[RevisionState.RETAINED])
        Revision.objects.filter(pk=revision.pk, state=RevisionState.SERVING).update(retained_until=None)
    return len(ended)


def end_windows_of(slots: Iterable[Slot]) -> None:
    """With one of its slots the way back of a swap goes, too; what a preview of other slots keeps stays."""
    swaps = Swap.objects.filter(Q(source__in=slots) | Q(target__in=slots))
    kept = Revision.objects.filter(state__in=IN_USE, retained_until__isnull=False)
    for revision in kept.filter(changes_from__operation__swap__in=swaps).distinct():
        drain(revision, sources=[RevisionState.RETAINED])
        Revision.objects.filter(pk=revision.pk).update(retained_until=None)


def _is_held(revision: Revision) -> bool:
    """An open operation may bring it into service again."""
    return Operation.objects.filter(changes__revision_after=revision, state__in=Operation.OPEN).exists()


def give_back_settings(operation: Operation) -> None:
    """A roll-back to the unaltered version has failed: the altered settings are in force again."""
    if operation.kind != Kind.ROLL_BACK or not operation.kept_settings:
        return
    operation.changes.get(slot__is_production=True).occupant_after.replace_settings(operation.kept_settings)


def note(operation: Operation) -> None:
    """The swap that was undone names the roll-back that undid it."""
    if operation.kind != Kind.ROLL_BACK:
        return
    done = Swap.objects.filter(operation__site=operation.site, operation__state=OperationState.SUCCEEDED)
    undone = done.exclude(operation__kind=Kind.ROLL_BACK).order_by("-switched_at")
    Swap.objects.filter(pk__in=undone.values("pk")[:1], rolled_back_by=None).update(rolled_back_by=operation)
