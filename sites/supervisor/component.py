"""What `up` must know of one of its parts."""

import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from django.conf import settings

from sites.runtime.agent.oom import CONTROL_PLANE
from sites.supervisor.liveness import Liveness

DATABASE = "database"
"""Stands in `after` for tables that are up to date."""


class NotReady(Exception):
    """The part does not answer yet; the message says what was found."""


async def _nothing(_: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Succession:
    """How a new process takes over from the running one, which finishes what it serves meanwhile."""

    words: Callable[[int], tuple[str, ...]]
    """What the command line says besides, of a process that has so many before it; the first takes over from nobody."""
    is_possible: Callable[[], bool]
    """Whether the running process can be taken over from."""
    let_try_again: Callable[[], None]
    """After a successor that ended before it answered."""
    tidy: Callable[[], None]
    """Removes what former processes left behind; called when none runs that could be taken over from."""
    finish_seconds: float
    """So long the former process may take."""


@dataclass(frozen=True, slots=True)
class Component:
    """One process of `up`."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[int], Awaitable[None]]
    """Asks the process with this pid once; raises NotReady."""
    liveness: Liveness = field(default_factory=Liveness)
    """How `up` learns that it hangs."""
    prepare: Callable[[], bytes] = bytes
    """Writes its configuration and returns it; an adopted process must have been started with the same."""
    code: Callable[[], str] = str
    """What names the code that it runs. A restart replaces a part of other code, if it does not replace it anyway."""
    succession: Succession | None = None
    """Of a part that is replaced without an end to what it serves."""
    after: tuple[str, ...] = ()
    """What must answer before this is started: names of parts, or DATABASE."""
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    survives: bool = False
    """Goes on without `up`, and is adopted by the next one."""
    give_way: Callable[[int], None] | None = None
    """How the process with this pid lets those go first who serve a visitor: sites.runtime.agent.background."""
    give_way_when_ready: Callable[[int], None] | None = None
    """What it does so only once it answers: where the processors are busy its start would take ten times as long."""
    oom_score: int = CONTROL_PLANE
    """How willingly the kernel ends it when memory runs out."""
    before_stop: Callable[[int], Awaitable[None]] = _nothing
    """Asks it to end in its own words, for example by letting connections end."""
    stop_signal: signal.Signals = signal.SIGTERM
    ready_seconds: float = field(default_factory=lambda: settings.READY_SECONDS)
    """Without getting any further: sites.supervisor.patience."""
    stop_seconds: float = 10.0

    @property
    def is_python(self) -> bool:
        """Whether its program is our Python, so that the fork server can start it."""
        return self.command[0] == sys.executable
