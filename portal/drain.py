"""What became of the connections that a swap took from its former instances."""

from collections.abc import Iterable

from sites.models import RevisionState, SlotChange

DRAINED = (RevisionState.DRAINING, RevisionState.STOPPING, RevisionState.STOPPED)


def connections_cut(changes: Iterable[SlotChange]) -> str:
    """How many outlasted the drain limit, 0 too; empty where nothing was drained, as what is kept warm is not."""
    states = {change: change.revision_before.state for change in changes if change.revision_before}
    drained = [change for change, state in states.items() if state in DRAINED or change.cut_count]
    if not drained:
        return ""
    count = sum(change.cut_count for change in drained)
    return f"{count} so far" if RevisionState.DRAINING in states.values() else str(count)
