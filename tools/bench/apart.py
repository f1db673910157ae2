"""Work in a process of its own, so that one part of a measurement does not slow down another."""

import gc
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Generic, Self, TypeVar

STOP_SECONDS = 120.0

Seen = TypeVar("Seen")
Work = Callable[[Callable[[], None]], Seen]
"""Is given a function to be called once everything runs, which returns when it is time to end."""


class Apart(Generic[Seen]):
    """A context manager: the work goes on from its entry to its exit; then `seen` holds what it returned."""

    seen: Seen

    def __init__(self, name: str, work: Work[Seen]) -> None:
        """`work` must be one that can be pickled."""
        context = multiprocessing.get_context("spawn")
        self._name = name
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_do, args=(work, theirs), name=name)

    def __enter__(self) -> Self:
        self._process.start()
        self._ours.recv()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours.send("stop")
        if not self._ours.poll(STOP_SECONDS):
            self._process.kill()
            raise TimeoutError(f"the {self._name} did not end within {STOP_SECONDS:g} s")
        self.seen = self._ours.recv()
        self._process.join()


def _do(work: Work[Seen], wire: Connection) -> None:
    gc.freeze()
    gc.disable()  # a pause for garbage would look like a slow answer; the process lives for minutes

    def until_the_end() -> None:
        wire.send("ready")
        wire.recv()

    wire.send(work(until_the_end))
