"""The crowd of tools.bench.door.crowd in a process of its own."""

import asyncio
import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tools.bench.apart import Apart
from tools.bench.door.crowd import Numbers, come, programs, strangers
from tools.bench.door.tally import Tally
from tools.bench.door.target import Target


@dataclass(frozen=True)
class Outcome:
    """How the crowd fared."""

    open_at_the_end: dict[str, int]
    """Kind → connections that were open when the measurement ended."""
    ended: dict[str, dict[str, int]]
    """Kind → how they ended before → number."""


class Siege(Apart[Outcome]):
    """A context manager: they come at its entry and go at its exit."""

    def __init__(self, target: Target, numbers: Numbers) -> None:
        super().__init__("crowd", partial(_besiege, target, numbers))


def _besiege(target: Target, numbers: Numbers, until_the_end: Callable[[], None]) -> Outcome:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    tally = Tally()
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()
    runs = [*strangers(target, numbers), *programs(target, numbers)]
    thread = threading.Thread(target=lambda: loop.run_until_complete(come(runs, tally, stopping)))
    thread.start()
    until_the_end()
    open_at_the_end, ended = +tally.open_now, tally.by_kind()
    loop.call_soon_threadsafe(stopping.set)
    thread.join()
    return Outcome(dict(open_at_the_end), ended)
