"""Out of service: drained at once, or kept warm for a roll-back window."""

from datetime import datetime, timedelta

from sites.models import Kind, Operation, OperationState, Revision, RevisionState, Swap
from sites.models.clock import now


def drain(revision: Revision) -> None:
    """Take a revision out of service; its clock starts when every router has acknowledged."""
    revision.transition(
        (RevisionState.SERVING, RevisionState.RETAINED),
        RevisionState.DRAINING,
        released_at=None,
        idle_since=None,
        drain_deadline=None,
        retained_until=None,
    )


def retain(revision: Revision, until: datetime) -> None:
    """Keep a revision of a swap warm, so that rolling back needs no start and no warm-up."""
    revision.transition(
        (RevisionState.SERVING, RevisionState.RETAINED), RevisionState.RETAINED, retained_until=until, idle_since=None
    )


def kept_until(operation: Operation, replaced: set[int]) -> dict[int, datetime]:
    """Which of the revisions that an operation takes out of service are kept warm for a roll-back, and until when.

    A swap into production opens the window. Who alters staging within it does not take away what production
    served before: staging may have gone on with those very instances.
    """
    if operation.kind in (Kind.PUBLISH, Kind.CHANGE_SETTINGS):
        return _kept_by_last_swap(operation, replaced)
    if operation.kind == Kind.ROLL_BACK:
        return {}
    swap = Swap.objects.filter(operation=operation).select_related("target").first()
    if swap is None or swap.target is None or not swap.target.is_production:
        return {}
    window = timedelta(seconds=swap.target.rollback_window_seconds)
    return dict.fromkeys(replaced, now() + window) if window else {}


def _kept_by_last_swap(operation: Operation, replaced: set[int]) -> dict[int, datetime]:
    done = Swap.objects.filter(operation__site=operation.site, operation__state=OperationState.SUCCEEDED)
    swap = done.select_related("operation", "target").order_by("-switched_at").first()
    if swap is None or swap.operation.kind == Kind.ROLL_BACK or swap.target is None or swap.switched_at is None:
        return {}
    until = swap.switched_at + timedelta(seconds=swap.target.rollback_window_seconds)
    if until <= now():
        return {}
    former = swap.operation.changes.filter(slot=swap.target, revision_before__in=replaced)
    return dict.fromkeys(former.values_list("revision_before_id", flat=True), until)


def retire_candidates(operation: Operation, kept: set[int | None]) -> None:
    """At most one candidate per production slot: the next switch of the slot ends the window before it."""
    touched = operation.changes.values("slot__site")
    own = operation.changes.values("revision_before")
    ends_window = operation.kind == Kind.CHANGE_MODE or Swap.objects.filter(operation=operation).exists()
    if not ends_window:
        return
    for revision in Revision.objects.filter(site__in=touched, state=RevisionState.RETAINED).exclude(pk__in=own):
        if revision.pk not in kept:
            drain(revision)


def end_windows(*, all_of_them: bool = False) -> int:
    """Let go of revisions whose window is over, or of all when memory is short; returns how many."""
    over = Revision.objects.filter(state=RevisionState.RETAINED, retained_until__isnull=False)
    if not all_of_them:
        over = over.filter(retained_until__lte=now())
    ended = [revision for revision in over if not _is_held(revision)]
    for revision in ended:
        drain(revision)
    return len(ended)


def _is_held(revision: Revision) -> bool:
    """An open operation may bring it into service again."""
    return Operation.objects.filter(changes__revision_after=revision, state__in=Operation.OPEN).exists()


def give_back_settings(operation: Operation) -> None:
    """A roll-back to the unaltered version has failed: the altered settings are in force again."""
    if operation.kind != Kind.ROLL_BACK or operation.kept_settings == "[]":
        return
    operation.changes.get(slot__is_production=True).occupant_after.replace_settings(operation.kept_settings)


def note(operation: Operation) -> None:
    """The swap that was undone names the roll-back that undid it."""
    if operation.kind != Kind.ROLL_BACK:
        return
    done = Swap.objects.filter(operation__site=operation.site, operation__state=OperationState.SUCCEEDED)
    undone = done.exclude(operation__kind=Kind.ROLL_BACK).order_by("-switched_at")
    Swap.objects.filter(pk__in=undone.values("pk")[:1], rolled_back_by=None).update(rolled_back_by=operation)
