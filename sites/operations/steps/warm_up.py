"""Step WARMING: every instance that has to answer has answered before any visitor reaches it.

The runtime asks, so that no worker waits for an application.
"""

from datetime import datetime, timedelta

from sites.counted import counted
from sites.errors import WarmupFailed
from sites.models import Instance
from sites.operations import sides, wording
from sites.operations.kind import Need
from sites.operations.probing import ROUND_SECONDS, Questions
from sites.operations.procedure import DONE, Progress
from sites.operations.sides import ATTEMPT_SECONDS, Group
from sites.operations.turn import Turn
from sites.planning import traits_of
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState, ProbeState, ProbeStatus

WAIT_SECONDS = 0.3
"""How long the first look waits: most instances answer at once, and a swap of warm ones is then one task."""
PAUSE_SECONDS = 1.0
"""Between two tries of one instance."""
MARGIN_SECONDS = 120.0
"""Beyond the tries that the rules give, for a runtime that does not answer meanwhile."""

Answers = list[tuple[Instance, Group, ProbeStatus]]


def warm_up(turn: Turn) -> Progress:
    """Have each instance asked that has not answered in this operation, a reused one too.

    Raises WarmupFailed once one instance has used up the tries that its rules give.
    """
    groups = sides.needing(turn, Need.ANSWERING, Need.ATTEMPTED)
    wanted = {place: group for group in groups for place in group.places}
    if not wanted:
        return DONE
    found = Instance.objects.filter(revision__in={revision_id for revision_id, _ in wanted})
    cold = [one for one in found if one.place in wanted and not _counts_as_warm(turn, one)]
    left = [(one, wanted[one.place]) for one in cold if not _is_given_up(one, wanted[one.place])]
    answers = _ask(turn, left) if left else []
    accepted = _note_accepted(turn, answers)
    refused = _note_refused(turn, answers)
    warm = len(wanted) - len(cold) + accepted
    return Progress(
        accepted + refused == len(left),
        f"{warm} of {counted(len(wanted), 'instance')} answering",
    )


def limit_seconds(turn: Turn) -> float:
    """How long all tries may take that the rules give."""
    rules = [turn.entries.warmup_rules(change.occupant_after.pk, change.deployment_after) for change in turn.starting]
    longest = (one.tries * (min(one.seconds * len(one.paths), ROUND_SECONDS) + PAUSE_SECONDS) for one in rules)
    return MARGIN_SECONDS + max(longest, default=0.0)


def _counts_as_warm(turn: Turn, instance: Instance) -> bool:
    """It answered in this operation; or it was kept warm for it and still runs."""
    if instance.warmed_for_id == turn.operation.pk:
        return True
    is_kept = turn.kind.is_warm_if_kept() and instance.is_warm and instance.observed_state == InstanceState.RUNNING
    if is_kept:
        Instance.objects.filter(pk=instance.pk).update(warmed_for=turn.operation)
    return is_kept


def _is_given_up(instance: Instance, group: Group) -> bool:
    """The operation can do without it, and it was asked once."""
    return group.need is Need.ATTEMPTED and instance.warmup_tries > 0


def _ask(turn: Turn, left: list[tuple[Instance, Group]]) -> Answers:
    """What those have answered that were to be asked by now."""
    moment = turn.now()
    due = [(one, group) for one, group in left if _is_due(one, moment)]
    questions = Questions([group.change.held_slot for _, group in due], turn.entries)
    stamp = f"{sides.probe_prefix(turn)}{turn.operation.step_at.timestamp()}"
    specs = [
        questions.ask(
            f"{stamp}-{one.revision_id}-{one.ordinal}-{one.warmup_tries}",
            group.change.held_slot,
            group.change.occupant_after.pk,
            one.place,
            deployment=group.change.deployment_after,
            seconds=ROUND_SECONDS if group.need is Need.ANSWERING else ATTEMPT_SECONDS,
            speaks_http2=traits_of(group.change.deployment_after).speaks_http2,
        )
        for one, group in due
    ]
    statuses = get_runtime().probe(specs, wait_seconds=WAIT_SECONDS if turn.is_fresh else 0.0)
    pairs = zip(due, statuses, strict=True)
    return [(one, group, status) for (one, group), status in pairs if status.state == ProbeState.ANSWERED]


def _is_due(instance: Instance, moment: datetime) -> bool:
    tried_at = instance.warmup_tried_at
    return tried_at is None or moment - tried_at >= timedelta(seconds=PAUSE_SECONDS)


def _note_accepted(turn: Turn, answers: Answers) -> int:
    """Write down who is warm now; returns how many."""
    by_answer: dict[str, list[int]] = {}
    for one, _, status in answers:
        if status.is_accepted:
            by_answer.setdefault(status.answer, []).append(one.pk)
    for answer, warm in by_answer.items():
        Instance.objects.filter(pk__in=warm).update(
            warmed_for=turn.operation, is_warm=True, warmup_answer=answer[:200], warmup_tried_at=turn.now()
        )
    return sum(map(len, by_answer.values()))


def _note_refused(turn: Turn, answers: Answers) -> int:
    """Write down who has answered badly; returns how many are not asked again. Raises WarmupFailed at a last try."""
    given_up = 0
    for one, group, status in answers:
        if status.is_accepted:
            continue
        one.warmup_tries += 1
        Instance.objects.filter(pk=one.pk).update(
            warmup_tries=one.warmup_tries, warmup_answer=status.answer[:200], warmup_tried_at=turn.now()
        )
        if group.need is Need.ATTEMPTED:
            given_up += 1
            continue
        rules = turn.entries.warmup_rules(group.change.occupant_after.pk, group.change.deployment_after)
        if one.warmup_tries >= rules.tries:
            raise _failure(turn, one, group, status, rules.accepted)
    return given_up


def _failure(turn: Turn, instance: Instance, group: Group, status: ProbeStatus, accepted: str) -> WarmupFailed:
    lines = get_runtime().log_tail(instance.revision_id, instance.ordinal, lines=10)
    tries = instance.warmup_tries
    return WarmupFailed(
        what=turn.what,
        ordinal=instance.ordinal + 1,
        name=group.change.held_slot.title,
        answered=f"answered {status.answer}" if status.answer.isdecimal() else f"gave {status.answer}",
        path=status.path,
        tries="once" if tries == 1 else f"{tries} times",
        accepted=accepted,
        holds=turn.holds,
        last_lines=wording.last_lines(lines),
    )
