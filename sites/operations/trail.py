"""The steps of an operation, for people: kept in a worker's hands and written together when it lets go."""

from datetime import datetime

from sites.models import Operation, OperationStep, Step
from sites.plain_text import one_line

SENTENCE_LENGTH = 300


class Trail:
    """What one turn adds to the steps of an operation. What a dead worker did not write is made up for by the next."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._steps: list[OperationStep] = []
        self._is_written = True

    def begin(self, step: Step, moment: datetime) -> None:
        """The operation is at another step."""
        self._steps.append(OperationStep(operation=self._operation, step=step, started_at=moment))
        self._is_written = False

    def end(self, moment: datetime, *, found: str = "", is_failed: bool = False) -> None:
        """The present step has ended; `found` is what it ended with."""
        current = self._current()
        if current is not None:
            current.ended_at, current.is_failed = moment, is_failed
            current.sentence = one_line(found)[:SENTENCE_LENGTH] or current.sentence
            self._is_written = False

    def tell(self, sentence: str) -> bool:
        """Say how far the present step is; returns whether that is news."""
        current, sentence = self._current(), one_line(sentence)[:SENTENCE_LENGTH]
        if current is None or not sentence or current.sentence == sentence:
            return False
        current.sentence = sentence
        self._is_written = False
        return True

    def write(self) -> None:
        """Put into the database what is not there yet."""
        if self._is_written:
            return
        OperationStep.objects.bulk_create(
            self._steps,
            update_conflicts=True,  # a step that is gone through again, or that another turn has begun
            unique_fields=["operation", "step"],
            update_fields=["started_at", "ended_at", "sentence", "is_failed"],
        )
        self._steps = self._steps[-1:]
        self._is_written = True

    def close(self, moment: datetime) -> None:
        """Write it for the last time; what dead workers have left open ends as well."""
        self.write()
        if self._operation.attempt > 1:
            OperationStep.objects.filter(operation=self._operation, ended_at=None).update(ended_at=moment)

    def _current(self) -> OperationStep | None:
        """The present step; None before the first."""
        if not self._steps and self._operation.step != Step.REQUESTED:
            known = OperationStep.objects.filter(operation=self._operation, step=self._operation.step).first()
            self._steps = [
                known
                or OperationStep(
                    operation=self._operation, step=self._operation.step, started_at=self._operation.step_at
                )
            ]
        return self._steps[-1] if self._steps else None
