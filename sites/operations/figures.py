"""What the routers have counted of an operation's revisions; begun shortly before the switch."""

from collections.abc import Iterable

from sites.errors import Unreachable
from sites.models import SlotChange, Swap, cluster_of
from sites.operations.turn import Turn
from sites.router import get_router


def begin(turn: Turn) -> None:
    """Have the routers count from now on, shortly before the switch. A router that does not answer is no hindrance."""
    swap = getattr(turn.operation, "swap", None)
    if swap is None:
        return
    try:
        counted = count(turn.changes)
    except Unreachable:
        return
    if counted is not None:
        Swap.objects.filter(pk=swap.pk).update(requests_before=counted[0], failures_before=counted[1])


def count(changes: Iterable[SlotChange]) -> tuple[int, int] | None:
    """Requests and failures of all revisions that take part; None while a router has not reported one of them."""
    clusters = {
        cluster_of(revision_id)
        for change in changes
        for revision_id in (change.revision_before_id, change.revision_after_id)
        if revision_id is not None
    }
    counts = get_router().requests_served(clusters).values()
    served = [counted for counted in counts if counted is not None]
    if not clusters or len(served) < len(counts):
        return None
    return sum(one.requests for one in served), sum(one.failed for one in served)
