"""What of a person's operations is running or waits to be read, and in which words."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import User

from sites.access import with_lines
from sites.models import Operation, OperationState
from sites.models.clock import reckoned
from sites.operations.kinds import OperationKind, kind_of
from sites.plain_text import visible
from sites.services.swaps import preview_ends_at

KEPT = timedelta(days=2)
MAX_SHOWN = 20
COUNTED_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Unread:
    """The operations of one person that the notification bar and its counter speak of, newest first."""

    operations: list[Operation] = field(default_factory=list)

    @property
    def shown(self) -> Operation | None:
        """The one whose sentence stands in the bar: what is worked on, then the newest.

        So everybody sees how their last action ended. An older failure stays unread, and is shown again when that is
        closed; a preview that waits is a reminder, which stands back for what happened since.
        """
        ranked = sorted(self.operations, key=lambda operation: not is_working(operation))
        return ranked[0] if ranked else None

    @property
    def is_busy(self) -> bool:
        """Whether anything is open."""
        return any(operation.is_open for operation in self.operations)

    @property
    def has_failed(self) -> bool:
        """Whether a failure waits to be read."""
        return any(has_failed(operation) for operation in self.operations)


def unread(user: User) -> Unread:
    """The person's open operations, what failed or was cancelled unread, and the newest unread success, in one query.

    A later success says that an earlier one was seen, and that a failure of the same thing is mended: the bar is no
    archive, the operation logs are.
    """
    rows = with_lines(Operation.objects.all(), user)
    rows = rows.filter(actor=user, dismissed_at=None, created_at__gt=reckoned() - KEPT)
    kept: list[Operation] = []
    seen_success = False
    went_well: set[tuple[OperationKind, str]] = set()
    rows = rows.select_related("site", "swap__source__site", "deployment__slot__site")
    for operation in rows.prefetch_related("steps")[:MAX_SHOWN]:
        is_success = operation.state == OperationState.SUCCEEDED and not kind_of(operation).is_warning
        what = kind_of(operation), operation.target
        if not ((is_success and seen_success) or (has_failed(operation) and what in went_well)):
            kept.append(operation)
        if is_success or operation.state == OperationState.WAITING:
            went_well.add(what)
        seen_success = seen_success or is_success
    return Unread(kept)


def is_working(operation: Operation) -> bool:
    """Whether something is done for it at this moment."""
    return operation.state in Operation.WORKING


def is_counting(operation: Operation) -> bool:
    """Whether the routers may still tell the figures of a swap, with which its sentence goes on."""
    swap = getattr(operation, "swap", None)
    if swap is None or swap.requests is not None or operation.state != OperationState.SUCCEEDED:
        return False
    return operation.ended_at is not None and reckoned() - operation.ended_at < COUNTED_WITHIN


def has_failed(operation: Operation) -> bool:
    """The pink variant, which stays until it is closed. What was cancelled is as somebody wanted it."""
    return operation.state == OperationState.FAILED


def sentence(operation: Operation) -> str:
    """What the bar says of an operation: its outcome, or what is being done and the step it is at."""
    doing = kind_of(operation).doing_to(operation.target)
    if operation.state == OperationState.WAITING:
        return waiting_sentence(operation)
    if operation.is_open:
        return f"{doing}: {operation.get_step_display()[0].lower()}{operation.get_step_display()[1:]}."
    return visible(operation.outcome_shown, keep="\n") or f"{doing} {operation.get_state_display().lower()}."


def waiting_sentence(operation: Operation) -> str:
    """What holds while a swap is prepared, and what ends that."""
    source = operation.swap.source
    name = source.title if source else operation.target
    ends_at = preview_ends_at(operation)
    until = f"; it is cancelled automatically at {ends_at:%H:%M} UTC on {ends_at:%B %d}" if ends_at else ""
    return f"'{name}' is prepared for a swap with production. Look at it, then complete or cancel the swap{until}."
