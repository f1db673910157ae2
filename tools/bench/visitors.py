"""The visitors of a measurement, in a process of their own: whoever asks for swaps must not slow them down."""

import gc
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from tools.bench.open_loop import OpenLoop, Sample
from tools.prober import kinds
from tools.prober.load import Load
from tools.prober.records import Record

STOP_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who visits one site."""

    name: str
    address: tuple[str, int]
    hosts: tuple[str, ...]
    rate: float
    """Requests a second of the open loop; others come on top."""
    with_others: bool = True
    """Also POSTs of 64 KiB, a new connection for each request, and one visitor who reads both host names in turn."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What the visitors saw."""

    records: Sequence[Record]
    samples: Sequence[Sample]


class Visitors:
    """A context manager: visitors come from its entry to its exit; then `seen` holds what they saw."""

    def __init__(self, crowd: Crowd) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_visit, args=(crowd, theirs), name="visitors")
        self.seen = Visit((), ())

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
            raise TimeoutError(f"the visitors did not end within {STOP_SECONDS:g} s")
        self.seen = self._ours.recv()
        self._process.join()


def _visit(crowd: Crowd, wire: Connection) -> None:
    gc.freeze()
    gc.disable()  # a pause for garbage would look like a slow answer; the process lives for minutes
    open_loop = OpenLoop(f"{crowd.name} fixed rate", crowd.address, crowd.hosts, crowd.rate)
    others = []
    if crowd.with_others:
        others = [
            kinds.post(f"{crowd.name} POST", crowd.address, crowd.hosts),
            kinds.keep_alive(f"{crowd.name} keep-alive", crowd.address, crowd.hosts),
            kinds.connection_per_request(f"{crowd.name} connection per request", crowd.address, crowd.hosts),
        ]
    with Load([open_loop, *others]) as load:
        wire.send("ready")
        wire.recv()
    wire.send(Visit(load.records, open_loop.samples))
