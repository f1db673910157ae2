"""Count what the routers gave to both sides around a switch; figures that cannot be read are left out."""

from datetime import timedelta

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from sites.errors import Unreachable
from sites.models import Operation, OperationState, Swap, cluster_of
from sites.models.clock import now
from sites.router import get_router

SETTLE_SECONDS = 0.8
"""Routers report several times a second; after this long the last requests before the switch are in."""
PATIENCE_SECONDS = 5.0


def begin(operation: Operation) -> None:
    """Have the routers count from now on, shortly before the switch. A router that does not answer is no hindrance."""
    if not hasattr(operation, "swap"):
        return
    try:
        counted = _count(operation)
    except Unreachable:
        return
    if counted is not None:
        Swap.objects.filter(operation=operation).update(requests_before=counted[0], failures_before=counted[1])


def is_needed() -> bool:
    """Whether the last requests of a swap are in by now and it has no figures yet."""
    return _uncounted().exists()


def run() -> None:
    """Write the figures of the swaps of the last seconds, and say them in their operations."""
    for swap in _uncounted().select_related("operation"):
        counted = _count(swap.operation)
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
    unit = "request" if requests == 1 else "requests"
    how = "none failed" if not failures else f"{failures:,} answered with an error"
    return f" {requests:,} {unit} around the switch, {how}."


def _uncounted() -> QuerySet[Swap]:
    moment, patience = now(), timedelta(seconds=PATIENCE_SECONDS)
    # The routers stop counting what nobody asks about for so long
    at_once = Swap.objects.filter(requests=None, acknowledged_at__lt=F("switched_at") + patience)
    settled = Q(acknowledged_at__gte=moment - patience, acknowledged_at__lte=moment - timedelta(seconds=SETTLE_SECONDS))
    return at_once.filter(settled, operation__state=OperationState.SUCCEEDED)


def _count(operation: Operation) -> tuple[int, int] | None:
    """Requests and failures of all revisions that take part; None while a router has not reported one of them."""
    clusters = {
        cluster_of(revision_id)
        for pair in operation.changes.values_list("revision_before_id", "revision_after_id")
        for revision_id in pair
        if revision_id is not None
    }
    counts = get_router().requests_served(clusters).values()
    served = [counted for counted in counts if counted is not None]
    if not clusters or len(served) < len(counts):
        return None
    return sum(one.requests for one in served), sum(one.failed for one in served)
