"""What became of the connections that a swap took from its former instances."""

from collections.abc import Iterable

from sites.models import Revision, RevisionState, SlotChange

DRAINED = (RevisionState.DRAINING, RevisionState.STOPPING, RevisionState.STOPPED)


def connections_cut(changes: Iterable[SlotChange]) -> str:
    """How many outlasted the drain limit, 0 too; empty where nothing was drained, as what is kept warm is not."""
    former: dict[int, Revision] = {
        change.revision_before.pk: change.revision_before for change in changes if change.revision_before
    }
    drained = [revision for revision in former.values() if revision.state in DRAINED]
    if not drained:
        return ""
    count = sum(revision.cut_count for revision in drained)
    return f"{count} so far" if any(revision.state == RevisionState.DRAINING for revision in drained) else str(count)
