"""What the tick decides of operations: which nobody works on, and which previews have waited for too long."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from sites.models import Operation, OperationState
from sites.models.clock import now

SILENT_SECONDS = 10
"""An operation without a heartbeat for so long has lost its worker."""
LEFT_SECONDS = 3
"""The same when a worker has just been started in place of one that died: the others beat at least every two."""
UNCLAIMED_SECONDS = 2
"""So long a new operation may lie in the queue before it is enqueued again."""


def take_stale(*, silent_seconds: float = SILENT_SECONDS) -> list[Operation]:
    """Operations that nobody works on, each with its attempt raised, so that whoever had it before is refused."""
    moment = now()
    silent = Q(heartbeat_at__lt=moment - timedelta(seconds=silent_seconds))
    unclaimed = Q(heartbeat_at=None, created_at__lt=moment - timedelta(seconds=UNCLAIMED_SECONDS))
    taken = []
    for operation in Operation.objects.filter(silent | unclaimed, state__in=Operation.WORKING):
        fenced = Operation.objects.filter(
            pk=operation.pk, attempt=operation.attempt, heartbeat_at=operation.heartbeat_at
        )
        operation.attempt += 1
        if fenced.update(attempt=operation.attempt, heartbeat_at=moment, state=OperationState.RUNNING):
            taken.append(operation)
    return taken


def end_previews() -> int:
    """End previews that have waited for longer than PREVIEW_HOURS; returns how many."""
    begun = now() - timedelta(hours=settings.PREVIEW_HOURS)
    forgotten = Operation.objects.filter(
        state=OperationState.WAITING, steps__ended_at=None, steps__started_at__lt=begun
    )
    return Operation.objects.filter(pk__in=forgotten.values("pk"), state=OperationState.WAITING).update(
        state=OperationState.RUNNING, cancel_requested_at=now(), heartbeat_at=None
    )
