"""Which instances hang: connections wait for them, and for a long time they have accepted none of those.

One that has more to do than it can accepts in order, so those that have waited longest become fewer. A server that does
one thing at a time, or that has as many connections as it wants, accepts nobody as long as that lasts. So one that
sends something to anybody does not hang, and the limit has to be generous.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from sites.runtime.agent.backlog import Waiting, inside, waiting
from sites.runtime.agent.identity import Identity
from sites.runtime.agent.network import Place

PARTS = 12
"""So many looks are within the limit."""
SHARE = 50
"""The next look waits so many times as long as this one has used a processor."""
AT_ONCE = 20
"""Instances in one look: the kernel answers in 30 µs, and to begin takes longer than that."""
MOST_SECONDS = 1.0
"""Until a limit holds that has been changed."""
LONGEST_START_SECONDS = 1800.0
"""A server may listen long before it accepts its first connection: the longest time to start that a slot can have."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Queue:
    """What waits for one process, from look to look."""

    oldest: frozenset[bytes] = frozenset()
    """Of those that were seen first, the ones that still wait."""
    seconds: float = 0.0
    """How long none of them was accepted, and nothing was sent to anybody else."""
    has_moved: bool = False
    """The process has accepted a connection at least once."""
    _looked_at: float | None = None

    def see(self, waiting: Waiting, moment: float, longest_span: float) -> None:
        """Note a look. A span that is longer counts as `longest_span`: then whoever looks was late, and so is all."""
        span = 0.0 if self._looked_at is None else min(moment - self._looked_at, longest_span)
        self._looked_at = moment
        left = self.oldest & waiting.ends
        if left and left == self.oldest:
            self.seconds = min(self.seconds + span, waiting.quiet_seconds)
            return
        self.has_moved = self.has_moved or bool(self.oldest) or not waiting.ends
        self.oldest, self.seconds = left or waiting.ends, 0.0

    def hangs(self, limit_seconds: float, ran_seconds: float) -> bool:
        """Whether the process is to be replaced."""
        return self.seconds >= limit_seconds and (self.has_moved or ran_seconds > LONGEST_START_SECONDS)


class Server(Protocol):
    """An instance."""

    @property
    def serving(self) -> tuple[Identity, Place] | None:
        """Its process and where that listens; None while it does not run."""

    @property
    def ran_seconds(self) -> float:
        """Since the start of its process."""

    def replace_hanging(self, seconds: float) -> None:
        """End its process, which has accepted nothing for so long, and start it again."""


class Lookout:
    """Looks at all instances in turn."""

    def __init__(self) -> None:
        self._queues: dict[Identity, Queue] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lookout")
        """Goes into the networks of the instances, so nothing else may run in it."""

    async def look(self, servers: Iterable[Server], limit_seconds: float) -> None:
        """Once at each; those that hang are replaced."""
        before, self._queues = self._queues, {}
        running = [(server, serving) for server in servers if (serving := server.serving) is not None]
        for at in range(0, len(running), AT_ONCE):
            some = running[at : at + AT_ONCE]
            places = [place for _, (_, place) in some]
            all_found, used_seconds = await asyncio.get_running_loop().run_in_executor(self._thread, _look, places)
            for (server, serving), found in zip(some, all_found, strict=True):
                queue = self._queues[serving[0]] = before.get(serving[0], Queue())
                queue.see(found, time.monotonic(), 2 * limit_seconds / PARTS)
                if server.serving == serving and queue.hangs(limit_seconds, server.ran_seconds):
                    server.replace_hanging(queue.seconds)
            await asyncio.sleep(SHARE * used_seconds)

    async def keep_looking(self, servers: Callable[[], Iterable[Server]], limit_seconds: Callable[[], float]) -> None:
        """For ever."""
        looked_at = time.monotonic()
        while True:
            limit = limit_seconds()
            if time.monotonic() - looked_at >= limit / PARTS:
                looked_at = time.monotonic()
                try:
                    await self.look(servers(), limit)
                except Exception:
                    logger.exception("A look at what waits for the instances failed; the next one follows.")
            await asyncio.sleep(min(limit / PARTS, MOST_SECONDS))


def _look(places: list[Place]) -> tuple[list[Waiting], float]:
    """What waits at each, and how many seconds of a processor it took to know."""
    began = time.thread_time()
    return [_waiting(place) for place in places], time.thread_time() - began


def _waiting(place: Place) -> Waiting:
    """Nothing where the kernel does not tell."""
    try:
        with inside(place.netns):
            return waiting(place.address, place.port)
    except OSError:
        return Waiting()
