"""What the steps of an operation have in common: progress, the stages, and how state is written before work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from sites.errors import Cancelled, GreenroomError, StaleOrder
from sites.models import Operation, OperationState, Step
from sites.operations import telling, wording
from sites.operations.turn import Turn

HANG_SECONDS = 120.0
"""How long one look at a step may take; a worker that takes longer has lost its way."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a stage has reached: whether it is done, and a sentence for people."""

    is_done: bool
    sentence: str = ""
    is_waiting: bool = False
    """Nothing more is to be done until a person decides."""


DONE = Progress(True)


def nothing_more(turn: Turn) -> Progress:
    """The work of a stage whose entry was everything."""
    return DONE


@dataclass(frozen=True, slots=True)
class Stage:
    """How one step of an operation is done.

    `enter` runs in the transaction that writes the step; `work` runs after it, as often as needed, may touch the world
    and never waits: what is not done is looked at again. When the operation ends, `clean_up` ends what may still run
    for the step. When it fails, `undo` takes back what `enter` and `work` have written, in the transaction that ends
    it, from the last step that was reached to the first. Each may be run again after a crash at any line.
    """

    step: Step
    work: Callable[[Turn], Progress] = nothing_more
    enter: Callable[[Turn], None] | None = None
    clean_up: Callable[[Turn], None] | None = None
    undo: Callable[[Turn], None] | None = None
    limit_seconds: float | Callable[[Turn], float] | None = None
    """After this long without being done the operation fails; None: the work ends by itself."""
    late: Callable[[Turn], GreenroomError | None] | None = None
    """What is said then, if more is known than that it took too long."""
    hang_seconds: float = HANG_SECONDS


def write(turn: Turn, **changes: object) -> None:
    """Change the row of an operation, if the order to work on it still stands.

    Raises StaleOrder when another worker has taken it up (I7), and Cancelled when somebody has asked for its end,
    which nobody can after the switch.
    """
    operation = turn.operation
    own = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state__in=Operation.OPEN)
    if own.filter(cancel_requested_at=None).update(**changes):
        return
    if own.exists():
        raise _cancelled(turn)
    raise StaleOrder(what=str(operation))


def heed_cancel(turn: Turn) -> None:
    """Raises Cancelled when somebody has asked for the end of the operation."""
    if turn.operation.cancel_requested_at is not None and turn.operation.step not in Operation.AFTER_SWITCH:
        raise _cancelled(turn)


def _cancelled(turn: Turn) -> Cancelled:
    return Cancelled(wording.cancelled(turn.what, turn.operation.target, turn.holds))


def enter(turn: Turn, stage: Stage, *, found: str = "") -> None:
    """Write that the operation is at `stage`, together with what belongs to it.

    `found` is what the step before ended with, for people. Raises StaleOrder and Cancelled.
    """
    operation, moment = turn.operation, turn.now()
    place = {"step": stage.step, "step_at": moment, "claimed_at": moment, "losses": 0}
    if stage.enter is None:
        write(turn, **place)
    else:
        try:
            with transaction.atomic():
                stage.enter(turn)
                write(turn, **place, **turn.take_unsaved())
        except BaseException:
            turn.forget()
            raise
    turn.trail.end(moment, found=found)
    turn.trail.begin(stage.step, moment)
    operation.step, operation.step_at, operation.losses = stage.step, moment, 0
    turn.is_fresh = True


def park(turn: Turn, *, seconds: float) -> None:
    """Give the operation out of the worker's hands for so long. Raises StaleOrder and Cancelled."""
    turn.trail.write()
    write(turn, claimed_by="", due_at=turn.now() + timedelta(seconds=seconds))


def wait_for_person(turn: Turn) -> None:
    """Let go of the operation until somebody completes or cancels it; nobody takes it up meanwhile."""
    turn.trail.write()
    with transaction.atomic():
        write(turn, state=OperationState.WAITING, claimed_by="")
        telling.of_preview(turn)
