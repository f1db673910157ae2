"""What breaks at a step of an operation: an exception, or the death of whoever works on it."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from django.db import OperationalError
from hypothesis import strategies as st

from sites.models import Operation, Step
from sites.operations.kinds import kind_of
from sites.operations.machine import MAX_LOSSES
from sites.operations.procedure import Stage
from sites.operations.stages import STAGES
from tests.deaths import Killed

FULL = "a full disk"
ERRORS: dict[str, Callable[[], BaseException]] = {
    FULL: lambda: OSError(errno.ENOSPC, "No space left on device"),
    "a missing file": lambda: FileNotFoundError(errno.ENOENT, "No such file or directory"),
    "a fault of our own": lambda: RuntimeError("never foreseen"),
    "no memory": MemoryError,
    "a lost database": lambda: OperationalError("server closed the connection unexpectedly"),
    "a killed worker": Killed,
}
MOMENTS = ("enter", "before", "after")
"""While the step is written down together with what belongs to it, before its work, and after it."""


@dataclass(frozen=True)
class Fault:
    """Something breaks at one step, so often."""

    error: str
    moment: str
    place: int
    """Which of the operation's steps, counted from 0 and round and round."""
    times: int


FAULTS = st.builds(
    Fault,
    error=st.sampled_from(sorted(ERRORS)),
    moment=st.sampled_from(MOMENTS),
    place=st.integers(0, 10),
    times=st.sampled_from([1, 2, MAX_LOSSES - 1, MAX_LOSSES, 100]),
)


class Breaking:
    """A fault in the course of one operation."""

    def __init__(self, fault: Fault, operation: Operation) -> None:
        self._fault = fault
        self._steps = list(kind_of(operation).steps_of(operation))
        self._place = fault.place % len(self._steps)
        has_entry = STAGES[self._steps[self._place]].enter is not None
        self._moment = fault.moment if fault.moment != "enter" or has_entry else "before"
        self.count = 0
        """How often it has happened."""

    def __str__(self) -> str:
        return f"{self._fault} at {self._steps[self._place]}, {self.count} times"

    @property
    def is_survived(self) -> bool:
        """Whether the operation has to go on as if nothing had happened."""
        is_full = self._fault.error == FULL and self.count > 0
        return self._is_after_the_switch or not (is_full or self.count >= MAX_LOSSES)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """It happens inside."""
        step = self._steps[self._place]
        former = STAGES[step]
        STAGES[step] = self._broken(former)
        try:
            yield
        finally:
            STAGES[step] = former

    @property
    def _is_after_the_switch(self) -> bool:
        """A step that could not be entered leaves the operation at the step before it."""
        place = self._place - 1 if self._moment == "enter" else self._place
        step = self._steps[place] if place >= 0 else Step.REQUESTED
        return step in Operation.AFTER_SWITCH

    def _broken(self, stage: Stage) -> Stage:
        if self._moment == "enter":
            return replace(stage, enter=lambda turn: (stage.enter(turn), self._happen()))
        if self._moment == "before":
            return replace(stage, work=lambda turn: self._happen() or stage.work(turn))
        return replace(stage, work=lambda turn: (stage.work(turn), self._happen())[0])

    def _happen(self) -> None:
        if self.count < self._fault.times:
            self.count += 1
            raise ERRORS[self._fault.error]()
