"""The visitors of a measurement, in a process of their own: whoever asks for swaps must not slow them down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tools.bench.apart import Apart
from tools.bench.open_loop import OpenLoop, Sample
from tools.prober import kinds
from tools.prober.load import Load
from tools.prober.records import Record


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


class Visitors(Apart[Visit]):
    """A context manager: visitors come from its entry to its exit; then `seen` holds what they saw."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__("visitors", partial(_visit, crowd))


def _visit(crowd: Crowd, until_the_end: Callable[[], None]) -> Visit:
    open_loop = OpenLoop(f"{crowd.name} fixed rate", crowd.address, crowd.hosts, crowd.rate)
    others = []
    if crowd.with_others:
        others = [
            kinds.post(f"{crowd.name} POST", crowd.address, crowd.hosts),
            kinds.keep_alive(f"{crowd.name} keep-alive", crowd.address, crowd.hosts),
            kinds.connection_per_request(f"{crowd.name} connection per request", crowd.address, crowd.hosts),
        ]
    with Load([open_loop, *others]) as load:
        until_the_end()
    return Visit(load.records, open_loop.samples)
