"""Step STARTING: have the instances of each side running."""

from contextlib import suppress

from sites.counted import counted
from sites.errors import Failed, InstanceNotStarted
from sites.general_settings import GENERAL_DEFAULTS, START_SECONDS
from sites.models import Instance, Revision, SlotChange
from sites.operations import sides, wording
from sites.operations.instances import is_ordered, order, record
from sites.operations.kind import Need
from sites.operations.procedure import DONE, Progress
from sites.operations.sides import ATTEMPT_SECONDS, Group
from sites.operations.turn import Turn
from sites.runtime.registry import get_runtime
from sites.runtime.spec import INSTANCE_PORT, InstanceState, InstanceStatus

DEFAULT_SECONDS = float(GENERAL_DEFAULTS[START_SECONDS])
LINES_SHOWN = 10
MAX_CRASHES = 2
"""An instance that ends by itself for the second time in this operation fails it."""


def start(turn: Turn) -> Progress:
    """Order the instances from the runtime and wait until each accepts connections that has to.

    Raises InstanceNotStarted as soon as one of those ends by itself a second time in this operation.
    """
    runtime = get_runtime()
    revisions = [change.prepared for change in turn.starting]
    seen = [*(revision.pk for revision in revisions), *sides.references(turn)]
    statuses = runtime.observe(seen)
    if missing := [revision for revision in revisions if not is_ordered(revision, statuses)]:
        for revision in missing:
            order(revision)
        statuses = runtime.observe(seen)
    record(statuses)
    sides.decide(turn, statuses)
    groups = sides.groups(turn)
    wanted, running, is_over = 0, 0, True
    for group in groups:
        if group.need is Need.NOTHING:
            continue
        own = [status for status in statuses if (status.revision_id, status.ordinal) in group.places]
        listening = sum(status.state == InstanceState.RUNNING for status in own)
        wanted, running = wanted + len(group.places), running + listening
        if listening < len(group.places) and not _is_given_up(turn, group, own):
            is_over = False
        if group.need is None:
            is_over = False
    turn.has_seen_instances = is_over
    return Progress(
        is_over,
        f"{running} of {counted(wanted, 'instance')} running" if wanted else "no instance has to start",
    )


def started(turn: Turn) -> Progress:
    """For a later step: done at once for the worker that has just seen them run.

    Another one looks again, as the machine may have been restarted since, and instances are at other addresses then.
    """
    return DONE if turn.has_seen_instances else start(turn)


def _is_given_up(turn: Turn, group: Group, statuses: list[InstanceStatus]) -> bool:
    """Whether the operation goes on without what does not listen. Raises InstanceNotStarted where it cannot."""
    # Of instances that ran before, nobody knows how many of their crashes fall into this operation
    crashed = [status for status in statuses if group.are_new and status.restarts >= MAX_CRASHES]
    if group.need is Need.ATTEMPTED:
        return bool(crashed) or turn.seconds_at_step > ATTEMPT_SECONDS
    if group.need is Need.ANSWERING and crashed:
        how = f"{wording.ended(crashed[0], _memory_mb(group.change))} before it listened on its port"
        raise _not_started(turn, group.change, crashed[0].ordinal, how)
    return False


def limit_seconds(turn: Turn) -> float:
    """How long the instances may take: the longest time to start that one of their workloads is given."""
    return max((_start_seconds(turn, change) for change in turn.starting), default=DEFAULT_SECONDS)


def _start_seconds(turn: Turn, change: SlotChange) -> float:
    return turn.entries.start_seconds(change.held_slot, change.occupant_after)


def late(turn: Turn) -> Failed | None:
    """The failure of the first instance that still does not listen; None where all do by now."""
    for group in sides.needing(turn, Need.ANSWERING):
        instances = group.change.prepared.instances.filter(ordinal__in=group.ordinals)
        silent = instances.exclude(observed_state=InstanceState.RUNNING).first()
        if silent is not None:
            how = f"did not listen on its port within {limit_seconds(turn):.0f} s"
            if silent.end_reason:
                how = f"{how}, and {wording.ended(silent, _memory_mb(group.change))}"
            else:
                how = f"{how}{_elsewhere(group.change.prepared, silent)}"
            return _not_started(turn, group.change, silent.ordinal, how)
    return None


def _elsewhere(revision: Revision, silent: Instance) -> str:
    """Where it listens instead; nothing where an agent of before cannot tell."""
    with suppress(Failed):
        addresses = get_runtime().listening(revision.pk, silent.ordinal)
        return wording.listens_elsewhere(addresses, silent.port or INSTANCE_PORT)
    return ""


def _memory_mb(change: SlotChange) -> int:
    return int(change.prepared.runnable["limits"]["memory_mb"])


def _not_started(turn: Turn, change: SlotChange, ordinal: int, how: str) -> InstanceNotStarted:
    revision = change.prepared
    lines = get_runtime().log_tail(revision.pk, ordinal, lines=LINES_SHOWN)
    return InstanceNotStarted(
        what=turn.what,
        ordinal=ordinal + 1,
        count=revision.wanted_count,
        name=change.held_slot.title,
        how=f"{how}{wording.advice(lines)}",
        holds=turn.holds,
        last_lines=wording.last_lines(lines),
    )
