"""Take an operation forward, from whatever step it is recorded at, until it has to wait."""

import logging
import time
from collections.abc import Callable, Sequence

from sites.errors import Failed, GreenroomError, StaleOrder, Unreachable
from sites.models import Operation, OperationState
from sites.models.clock import seconds_since
from sites.operations import ending, wording
from sites.operations.kinds import kind_of
from sites.operations.procedure import DONE, Progress, Stage, beat, enter, tell, write
from sites.operations.stages import STAGES
from sites.operations.turn import Turn

logger = logging.getLogger(__name__)

SLICE_SECONDS = 5.0
PAUSE_SECONDS = 0.05


def run(operation_id: int, attempt: int, *, again: Callable[[Operation], object]) -> None:
    """Work on an operation for up to SLICE_SECONDS, then enqueue it again if something is left.

    Does nothing when another worker has taken it up since (a higher attempt) or it has ended.
    """
    known = Operation.objects.select_related("site", "swap").defer("before", "swap__settings_before")
    operation = known.filter(pk=operation_id, attempt=attempt).first()
    if operation is None or not operation.is_open:
        return
    try:
        if _work(Turn(operation, kind_of(operation))):
            again(operation)
    except StaleOrder as overtaken:
        logger.info("%s", overtaken)


def _work(turn: Turn) -> bool:
    """Returns whether something is left to do."""
    until = time.monotonic() + SLICE_SECONDS
    progress: Progress | None = None
    while True:
        try:
            if progress is None or not progress.is_done:  # the entry into a stage is a heartbeat too
                beat(turn)
            progress = _advance_one(turn)
        except StaleOrder:
            raise
        except GreenroomError as failure:
            ending.fail(turn, failure)
            return False
        if progress is None or progress.is_waiting:
            return False
        if not progress.is_done:
            if time.monotonic() > until:
                return True
            time.sleep(PAUSE_SECONDS)


def _advance_one(turn: Turn) -> Progress | None:
    """One look at the present stage, and the entry into the next one when it is done; None at the end."""
    stages = [STAGES[step] for step in turn.kind.steps_of(turn.operation)]
    at = _position(turn.operation, stages)
    progress = DONE
    if at >= 0:
        progress = _look(turn, stages[at])
        if progress.is_waiting:
            _wait_for_person(turn)
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
    if progress.is_done:
        return progress
    if tell(turn.operation, progress) and away is not None:
        logger.warning("%s: %s", turn.operation, away)
    if not progress.is_waiting:
        _check_limit(turn, stage)
    return progress


def _wait_for_person(turn: Turn) -> None:
    """Let go of the operation until somebody completes or cancels it; nobody takes it up meanwhile."""
    write(turn, state=OperationState.WAITING, heartbeat_at=None)


def _check_limit(turn: Turn, stage: Stage) -> None:
    if stage.limit_seconds is None:
        return
    started = turn.operation.steps.get(step=stage.step).started_at
    if seconds_since(started) > stage.limit_seconds:
        known = stage.late(turn) if stage.late is not None else None
        raise known or Failed(wording.took_too_long(turn.what, stage.step.label, stage.limit_seconds, turn.holds))
