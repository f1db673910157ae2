"""Out of service: drained at once, or kept warm for a roll-back window."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from sites.models import Operation, Rest, Revision, RevisionState, Site, Slot, SlotChange, Swap
from sites.models.clock import now
from sites.operations.turn import Turn

BACK_IN_USE = {"released_at": None, "idle_since": None, "drain_deadline": None, "rest": Rest.LOADED}
"""What a revision loses that no longer leaves, or that an operation has started."""
IN_USE = (RevisionState.SERVING, RevisionState.RETAINED)


def remember(turn: Turn) -> None:
    """Write down which revisions of the site are kept warm and until when, before that changes; the first time holds.

    Belongs to the transaction of the change.
    """
    kept = Revision.objects.filter(Q(state=RevisionState.RETAINED) | Q(retained_until__isnull=False), site=turn.site)
    found = {
        str(pk): [state, until.isoformat() if until else None]
        for pk, state, until in kept.filter(state__in=IN_USE).values_list("pk", "state", "retained_until")
    }
    if found:
        turn.keep(kept={**found, **turn.operation.before.get("kept", {})})


def give_back(turn: Turn) -> None:
    """Keep warm again what `remember` has written down; belongs to the transaction that ends the operation."""
    for pk, (state, until) in turn.operation.before.get("kept", {}).items():
        kept = Revision.objects.filter(pk=pk, state__in=Revision.REUSABLE)
        kept.update(retained_until=until and datetime.fromisoformat(until))
        kept.filter(live_slots=None).update(state=state, **BACK_IN_USE)


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


def take_out_of_service(turn: Turn, changes: list[SlotChange], replaced: set[int]) -> None:
    """Drain what an operation has replaced, or keep it warm while a roll-back window is open.

    A swap into production opens the window. Where nothing is sticky, what served before it goes on in the other slot
    and is kept there in its full number; who alters staging meanwhile does not take it away.
    """
    served = {change.revision_after_id for change in changes}
    until = _opened_window(turn, changes)
    back = turn.kind.wanted_back(changes) if until is not None else set()
    for revision in Revision.objects.filter(pk__in=replaced - served).select_related("slot"):
        if end := until if revision.pk in back else _kept_on(turn, revision):
            retain(revision, end)
        else:
            drain(revision)
    Revision.objects.filter(pk__in=[pk for pk in back if pk in served]).update(retained_until=until)


def _opened_window(turn: Turn, changes: list[SlotChange]) -> datetime | None:
    """End of the window that the operation opens. One that is undone (it was switched already) opens none."""
    swap = getattr(turn.operation, "swap", None)
    if swap is None or swap.switched_at is not None or not turn.kind.opens_window:
        return None
    target = next(change.held_slot for change in changes if change.slot_id == swap.target_id)
    window = timedelta(seconds=target.rollback_window_seconds)
    return turn.now() + window if window and target.is_production else None


def _kept_on(turn: Turn, revision: Revision) -> datetime | None:
    """End of the last swap's window for what production served before it and staging goes on with until now."""
    until = revision.retained_until
    if not turn.kind.alters_content or until is None or until <= turn.now():
        return None
    served = [change.held_slot for change in turn.changes if change.revision_before_id == revision.pk]
    return None if not served or served[0].is_production else until


def retire_candidates(turn: Turn, changes: list[SlotChange]) -> None:
    """At most one candidate per production slot: the next switch of the slot ends the window before it."""
    if not turn.kind.ends_windows and not hasattr(turn.operation, "swap"):
        return
    own = {change.revision_before_id for change in changes} | {change.revision_after_id for change in changes}
    revisions = Revision.objects.filter(site=turn.site).defer("snapshot")
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
