"""Previews that nobody has decided end by themselves."""

from datetime import timedelta

from django.conf import settings

from sites.models import Operation, OperationState
from sites.models.clock import now


def end_forgotten() -> int:
    """End previews that have waited for longer than PREVIEW_HOURS; returns how many."""
    moment = now()
    begun = moment - timedelta(hours=settings.PREVIEW_HOURS)
    forgotten = Operation.objects.filter(state=OperationState.WAITING, step_at__lt=begun)
    return forgotten.update(state=OperationState.RUNNING, cancel_requested_at=moment, due_at=moment)
