"""Count what the routers gave to both sides around a switch; figures that cannot be read are left out."""

from datetime import timedelta

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from sites.counted import counted
from sites.models import Operation, OperationState, Swap
from sites.models.clock import now
from sites.operations.figures import count

SETTLE_SECONDS = 0.8
"""Routers report several times a second; after this long the last requests before the switch are in."""
PATIENCE_SECONDS = 5.0


def is_needed() -> bool:
    """Whether the last requests of a swap are in by now and it has no figures yet."""
    return _uncounted().exists()


def run() -> None:
    """Write the figures of the swaps of the last seconds, and say them in their operations."""
    for swap in _uncounted().select_related("operation"):
        counted = count(swap.operation.changes.all())
        if counted is None:
            continue
        requests, failures = counted[0] - swap.requests_before, counted[1] - swap.failures_before
        if min(requests, failures) < 0:
            continue  # the counters have begun anew meanwhile
        if Swap.objects.filter(pk=swap.pk, requests=None).update(requests=requests, failures=failures):
            Operation.objects.filter(pk=swap.operation_id, state=OperationState.SUCCEEDED).update(
                outcome=Concat("outcome", Value(in_words(requests, failures)))
            )


def in_words(requests: int, failures: int) -> str:
    """The counted figures as the end of a success sentence; nothing when no request came."""
    if not requests:
        return ""
    how = "none failed" if not failures else f"{failures:,} answered with an error"
    return f" {counted(requests, 'request')} around the switch, {how}."


def _uncounted() -> QuerySet[Swap]:
    moment, patience = now(), timedelta(seconds=PATIENCE_SECONDS)
    # The routers stop counting what nobody asks about for so long
    at_once = Swap.objects.filter(requests=None, acknowledged_at__lt=F("switched_at") + patience)
    settled = Q(acknowledged_at__gte=moment - patience, acknowledged_at__lte=moment - timedelta(seconds=SETTLE_SECONDS))
    return at_once.filter(settled, operation__state=OperationState.SUCCEEDED)
