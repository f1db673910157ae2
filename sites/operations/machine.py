"""Take an operation forward, from whatever step it is recorded at, until it has to wait."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import InterfaceError, OperationalError

from sites.errors import (
    Failed,
    GreenroomError,
    InternalFault,
    NoSpaceLeft,
    RoutesRefused,
    StaleOrder,
    Unreachable,
    is_disk_full,
)
from sites.models import Operation
from sites.operations import claims, ending, wording
from sites.operations.kinds import kind_of
from sites.operations.procedure import DONE, Progress, Stage, enter, heed_cancel, park, wait_for_person
from sites.operations.stages import STAGES
from sites.operations.turn import Turn

logger = logging.getLogger(__name__)

SLICE_SECONDS = 5.0
"""How long a worker goes from step to step before it lets others have their turn."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0
"""Between two looks at a step that is not done; in between they grow with the time that it takes."""
FIRST_RETRY_SECONDS = 1.0
"""Between two looks that came to an exception; doubled each time."""
MAX_LOSSES = 5
"""How often a step may come to nothing, by an exception or the loss of its worker, before the operation ends."""
DATABASE_LOST = (OperationalError, InterfaceError)

Again = Callable[[Operation, float], object]
"""Has somebody look at an operation again after so many seconds."""


def run(operation_id: int, attempt: int, *, claim: str, again: Again, instead_of: tuple[str, ...] = ()) -> None:
    """Work on an operation under `claim` until it has to wait, and have it looked at again if something is left.

    Does nothing when it has ended, or somebody else works on it, or did since the message was sent. Raises what
    DATABASE_LOST names; the claim is then to be taken over, which `instead_of` is for.
    """
    operation = claims.take(operation_id, attempt, claim, instead_of=instead_of)
    if operation is None:
        return
    turn = Turn(operation, kind_of(operation), claims.moment_of(operation))
    try:
        pause = _work(turn)
    except DATABASE_LOST:
        raise
    except Exception as fault:  # in the ending itself
        logger.exception("%s could not be ended:", operation)
        ending.abandon(turn, fault)
        return
    if pause is not None:
        again(operation, pause)


def _work(turn: Turn) -> float | None:
    """Returns after how many seconds somebody is to look again; None when nothing is left for a worker."""
    if turn.operation.losses >= MAX_LOSSES:
        return _give_up_step(turn, f"its worker was lost {turn.operation.losses} times")
    until = time.monotonic() + SLICE_SECONDS
    try:
        heed_cancel(turn)
        while (progress := _advance(turn)) is not None:
            if progress.is_waiting:
                return None
            if not progress.is_done or time.monotonic() > until:
                pause = 0.0 if progress.is_done else _pause(turn)
                park(turn, seconds=pause)
                return pause
    except StaleOrder as overtaken:
        return _note_loss(turn, overtaken)
    except NoSpaceLeft as full:  # a part's words; the operation has its own
        return _note_loss(turn, full)
    except GreenroomError as failure:
        if turn.operation.step in Operation.AFTER_SWITCH and not isinstance(failure, RoutesRefused):
            return _give_up_step(turn, failure.code)
        ending.fail(turn, failure)
    except Exception as fault:
        return _note_loss(turn, fault)
    return None


def _advance(turn: Turn, *, skipping: str = "") -> Progress | None:
    """One look at the present stage, and the entry into the next one when it is done; None at the end.

    `skipping` is why the present stage is not looked at any more.
    """
    stages = [STAGES[step] for step in turn.kind.steps_of(turn.operation)]
    at = _position(turn.operation, stages)
    progress = Progress(True, skipping)
    if at >= 0 and not skipping:
        progress = _look(turn, stages[at])
        if progress.is_waiting:
            wait_for_person(turn)
        if not progress.is_done:
            return progress
    if at + 1 == len(stages):
        ending.succeed(turn, found=progress.sentence)
        return None
    enter(turn, stages[at + 1], found=progress.sentence)
    return DONE


def _position(operation: Operation, stages: Sequence[Stage]) -> int:
    """Index of the stage that an operation is at; -1 before the first."""
    return next((index for index, stage in enumerate(stages) if stage.step == operation.step), -1)


def _look(turn: Turn, stage: Stage) -> Progress:
    """Do what the stage can do now. A part that does not answer is waited for, within the stage's limit."""
    away: Unreachable | None = None
    try:
        progress = stage.work(turn)
    except Unreachable as error:
        away, progress = error, Progress(False, str(error))
    turn.is_fresh = False
    if progress.is_done:
        return progress
    if turn.trail.tell(progress.sentence) and away is not None:
        logger.warning("%s: %s", turn.operation, away)
    if not progress.is_waiting:
        _check_limit(turn, stage)
    return progress


def _check_limit(turn: Turn, stage: Stage) -> None:
    limit = stage.limit_seconds(turn) if callable(stage.limit_seconds) else stage.limit_seconds
    if limit is not None and turn.seconds_at_step > limit:
        known = stage.late(turn) if stage.late is not None else None
        raise known or Failed(wording.took_too_long(turn.what, stage.step.label, limit, turn.holds))


def _pause(turn: Turn) -> float:
    """Soon at first, then the less often the longer it takes."""
    return min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, turn.seconds_at_step / 4))


def _note_loss(turn: Turn, fault: Exception) -> float | None:
    """An exception that nobody foresaw ends the operation if it comes again and again, and a full disk at once."""
    is_full = is_disk_full(fault)
    if isinstance(fault, DATABASE_LOST) and not is_full:
        raise fault
    if not claims.count_loss(turn.operation):
        logger.info("%s: another worker has taken it up.", turn.operation)
        return None
    logger.error("%s, at '%s':", turn.operation, turn.operation.get_step_display(), exc_info=fault)
    if is_full and turn.operation.step not in Operation.AFTER_SWITCH:
        ending.fail(turn, NoSpaceLeft(what=turn.what, holds=turn.holds))
        return None
    if turn.operation.losses < MAX_LOSSES:
        return _put_off(turn, FIRST_RETRY_SECONDS * 2 ** (turn.operation.losses - 1))
    return _give_up_step(turn, type(fault).__name__)


def _give_up_step(turn: Turn, fault: str) -> float | None:
    """Before the switch the operation fails; after it, it goes on without what the step would have waited for."""
    if turn.operation.losses >= 2 * MAX_LOSSES:
        raise RuntimeError(f"not even ended: {fault}")
    step = turn.operation.get_step_display()
    if turn.operation.step not in Operation.AFTER_SWITCH:
        ending.fail(turn, InternalFault(what=turn.what, step=step, fault=fault, holds=turn.holds))
        return None
    if _advance(turn, skipping=f"given up because of a fault of Greenroom itself ({fault})") is None:
        return None
    return _put_off(turn, 0.0)


def _put_off(turn: Turn, seconds: float) -> float:
    """As `park`, also for an operation whose end was asked for."""
    turn.trail.write()
    claims.put_off(turn.operation, turn.now() + timedelta(seconds=seconds))
    return seconds
