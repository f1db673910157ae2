"""Threads for work that blocks: a few in each lane, given to clients in turn."""

import asyncio
import os
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from sites.door.incoming import ClientGone
from sites.errors import ServerBusy

T = TypeVar("T")


class Lane:
    """A few threads and the requests that wait for one. A full lane leaves the threads of other lanes free."""

    def __init__(self, name: str, *, threads: int, of_one: int, waiting: int, stays_together: bool = False) -> None:
        """`of_one` bounds how many threads one client has at once, `waiting` how many of its requests wait.

        `stays_together`: its threads stay on one processor. For work in Python, of which one thread goes on at a time
        anyway: from processor to processor each turn would begin with cold caches, and a page costs twice as much.
        """
        initializer = stay_on_one_processor if stays_together else None
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name, initializer=initializer)
        self._free = threads
        self._of_one = of_one
        self._max_waiting = waiting
        self._running: Counter[str] = Counter()
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def run(self, client: str, work: Callable[[], T], gone: Callable[[], Awaitable[None]] | None = None) -> T:
        """Run `work` in a thread and return its result. It is not begun if `gone` returns first: the client has gone.

        Raises ServerBusy and ClientGone.
        """
        await self._turn(client, gone)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._give_back(client)

    @property
    def waiting(self) -> int:
        """How many wait for a thread."""
        return sum(map(len, self._queues.values()))

    def close(self) -> None:
        """Take no more work; what runs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _turn(self, client: str, gone: Callable[[], Awaitable[None]] | None) -> None:
        if self._free and self._running[client] < self._of_one:
            self._take(client)
            return
        queue = self._queues.setdefault(client, deque())
        if len(queue) >= self._max_waiting:
            raise ServerBusy(what="waiting requests")
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await (turn if gone is None else unless(gone(), turn))
        except BaseException:
            self._forget(client, turn)
            raise

    def _take(self, client: str) -> None:
        self._free -= 1
        self._running[client] += 1

    def _forget(self, client: str, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():  # it came just now
            self._give_back(client)
            return
        queue = self._queues.get(client, deque())
        if turn in queue:
            queue.remove(turn)
        if not queue:
            self._queues.pop(client, None)

    def _give_back(self, client: str) -> None:
        self._free += 1
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        self._call_next()

    def _call_next(self) -> None:
        """The first in the queue of the client whose turn it is; its next one comes after everybody else's."""
        for client, queue in list(self._queues.items()):
            if not self._free:
                return
            if self._running[client] >= self._of_one:
                continue
            turn = queue.popleft()
            self._queues.move_to_end(client)
            if not queue:
                del self._queues[client]
            if not turn.done():  # else the client has just gone
                self._take(client)
                turn.set_result(None)


def stay_on_one_processor() -> None:
    """From now on this thread runs on the last processor that it may use: the first one serves most interrupts.

    Where a container forbids that, it runs anywhere.
    """
    with suppress(OSError):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


async def unless(event: Awaitable[None], result: Awaitable[T]) -> T:
    """The result, unless the client goes first. Raises ClientGone."""
    happening, coming = asyncio.ensure_future(event), asyncio.ensure_future(result)
    try:
        await asyncio.wait({happening, coming}, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            return coming.result()
        raise ClientGone
    finally:
        happening.cancel()
        coming.cancel()
