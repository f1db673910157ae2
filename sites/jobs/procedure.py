"""What the steps of an operation have in common: progress, the stages, and how state is written before work."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from sites.errors import Cancelled, StaleOrder
from sites.jobs import wording
from sites.models import Operation, OperationState, OperationStep, Step
from sites.models.clock import now


@dataclass(frozen=True, slots=True)
class Progress:
    """What a stage has reached: whether it is done, and a sentence for people."""

    is_done: bool
    sentence: str = ""
    is_waiting: bool = False
    """Nothing more is to be done until a person decides."""


DONE = Progress(True)


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of an operation.

    `enter` runs in the transaction that writes the step; `work` runs after it, as often as needed, and may
    touch the world. Both may be run again after a crash at any line.
    """

    step: Step
    work: Callable[[Operation], Progress]
    enter: Callable[[Operation], None] | None = None
    limit_seconds: float | None = None
    """After this long without being done the operation fails; None: the work ends by itself."""


def beat(operation: Operation) -> None:
    """Say that the operation is being worked on. Raises StaleOrder when another worker has taken it up (I7)."""
    alive = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state__in=Operation.OPEN)
    if not alive.update(heartbeat_at=now()):
        raise StaleOrder(what=str(operation))


def check_cancelled(operation: Operation) -> None:
    """Raises Cancelled when somebody has asked for the end of an operation that is not yet switched."""
    if Operation.objects.filter(pk=operation.pk, cancel_requested_at__isnull=False).exists():
        raise Cancelled(wording.cancelled(operation))


def enter(operation: Operation, stage: Stage) -> None:
    """Write that the operation is at `stage`, with what belongs to it, in one transaction."""
    with transaction.atomic():
        moment = now()
        fenced = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state__in=Operation.OPEN)
        if not fenced.update(step=stage.step, state=OperationState.RUNNING, heartbeat_at=moment):
            raise StaleOrder(what=str(operation))
        OperationStep.objects.filter(operation=operation, ended_at=None).update(ended_at=moment)
        OperationStep.objects.bulk_create(
            [OperationStep(operation=operation, step=stage.step, started_at=moment)],
            update_conflicts=True,  # the step of a slice that died before
            unique_fields=["operation", "step"],
            update_fields=["started_at", "ended_at"],
        )
        if stage.enter is not None:
            stage.enter(operation)
    operation.step, operation.state, operation.heartbeat_at = stage.step, OperationState.RUNNING, moment


def tell(operation: Operation, progress: Progress) -> bool:
    """Show how far the present step is; written only when the sentence has changed, which it returns."""
    sentence = progress.sentence[:300]
    steps = OperationStep.objects.filter(operation=operation, step=operation.step)
    return bool(sentence and steps.exclude(sentence=sentence).update(sentence=sentence))
