"""What the routers have counted of an operation's revisions; begun shortly before the switch."""

from sites.errors import Unreachable
from sites.models import Operation, Swap, cluster_of
from sites.router import get_router


def begin(operation: Operation) -> None:
    """Have the routers count from now on, shortly before the switch. A router that does not answer is no hindrance."""
    if not hasattr(operation, "swap"):
        return
    try:
        counted = count(operation)
    except Unreachable:
        return
    if counted is not None:
        Swap.objects.filter(operation=operation).update(requests_before=counted[0], failures_before=counted[1])


def count(operation: Operation) -> tuple[int, int] | None:
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
