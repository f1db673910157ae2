"""Step STARTING: have the instances of each side running."""

from sites.errors import Failed, InstanceNotStarted, StaleOrder
from sites.models import Instance, Revision, RevisionState, SlotChange
from sites.operations import wording
from sites.operations.instances import record
from sites.operations.procedure import Progress
from sites.operations.turn import Turn
from sites.planning import spec_of
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState, InstanceStatus

LIMIT_SECONDS = 120.0
MOST_CRASHES = 2
"""An instance that ends by itself for the second time in this operation fails it."""


def start(turn: Turn) -> Progress:
    """Order the instances from the runtime and wait until each accepts connections.

    Raises InstanceNotStarted as soon as one ends by itself a second time in this operation.
    """
    runtime = get_runtime()
    revisions = [change.prepared for change in turn.starting]
    statuses = runtime.observe([revision.pk for revision in revisions])
    if missing := [revision for revision in revisions if not _is_ordered(revision, statuses)]:
        for revision in missing:
            _order(revision)
        statuses = runtime.observe([revision.pk for revision in revisions])
    record(statuses)
    running = wanted = 0
    for change in turn.starting:
        revision = change.prepared
        own = [status for status in statuses if status.revision_id == revision.pk]
        _refuse_crashes(turn, change, own)
        running += sum(status.state == InstanceState.RUNNING for status in own[: revision.wanted_count])
        wanted += revision.wanted_count
    return Progress(running >= wanted, f"{running} of {wanted} instances run")


def _order(revision: Revision) -> None:
    """Tell the runtime what is wanted, by an order that is newer than any that it has had."""
    try:
        get_runtime().apply(spec_of(revision))
    except StaleOrder:  # the database is older than what the runtime remembers; the next look orders again
        revision.generation += 1
        revision.save(update_fields=["generation"])


def _is_ordered(revision: Revision, statuses: list[InstanceStatus]) -> bool:
    """The runtime knows every instance by the revision's last order, so giving it again would change nothing."""
    known = {
        status.ordinal
        for status in statuses
        if status.revision_id == revision.pk
        and status.generation == revision.generation
        and status.state != InstanceState.STOPPING
    }
    return known >= set(range(revision.wanted_count))


def _refuse_crashes(turn: Turn, change: SlotChange, statuses: list[InstanceStatus]) -> None:
    if change.prepared.state != RevisionState.PREPARING:
        return
    for status in statuses:
        if status.restarts >= MOST_CRASHES:
            how = f"ended with code {status.exit_code} before it listened on its port"
            raise _not_started(turn, change, status.ordinal, how)


def late(turn: Turn) -> Failed | None:
    """The failure of the first instance that still does not listen; None where all do by now."""
    for change in turn.starting:
        silent = Instance.objects.filter(revision=change.prepared).exclude(observed_state=InstanceState.RUNNING).first()
        if silent is not None:
            how = f"did not listen on its port within {LIMIT_SECONDS:.0f} s"
            return _not_started(turn, change, silent.ordinal, how)
    return None


def _not_started(turn: Turn, change: SlotChange, ordinal: int, how: str) -> InstanceNotStarted:
    revision = change.prepared
    return InstanceNotStarted(
        what=turn.what,
        ordinal=ordinal + 1,
        count=revision.wanted_count,
        name=change.held_slot.title,
        how=how,
        holds=turn.holds,
        last_lines=wording.last_lines(get_runtime().log_tail(revision.pk, ordinal, lines=10)),
    )
