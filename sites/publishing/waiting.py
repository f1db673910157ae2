"""Waiting for operations without a thread: one query checks all operations that are waited for."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, close_old_connections

from sites.models import Operation

POLL_SECONDS = 0.2
AT_ONCE = 500
"""Operations in one query."""

logger = logging.getLogger(__name__)

Look = Callable[[Iterable[int]], set[int]]


def still_open(operation_ids: Iterable[int]) -> set[int]:
    """Those of the operations that have not ended."""
    close_old_connections()
    ids, found = sorted(operation_ids), set()
    for start in range(0, len(ids), AT_ONCE):
        some = Operation.objects.filter(pk__in=ids[start : start + AT_ONCE], state__in=Operation.OPEN)
        found |= set(some.order_by().values_list("pk", flat=True))
    return found


class Waiting:
    """All waits of one event loop."""

    def __init__(self, look: Look = still_open) -> None:
        self._look = look
        self._waiting: dict[int, set[asyncio.Event]] = defaultdict(set)
        self._thread = ThreadPoolExecutor(1, "waiting")
        self._task: asyncio.Task[None] | None = None

    async def until_ended(self, operation_id: int, seconds: float) -> None:
        """Return when the operation has ended, or after `seconds`."""
        ended = asyncio.Event()
        self._waiting[operation_id].add(ended)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(seconds):
                await ended.wait()
        except TimeoutError:
            return
        finally:
            self._waiting[operation_id].discard(ended)
            if not self._waiting[operation_id]:
                del self._waiting[operation_id]

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def stop(self) -> None:
        """End all waits: the server stops."""
        self._tell(list(self._waiting))

    async def _poll(self) -> None:
        while self._waiting:
            asked = list(self._waiting)
            try:
                still = await asyncio.get_running_loop().run_in_executor(self._thread, self._look, asked)
            except DatabaseError as error:
                logger.warning("The database does not say which publications have ended: %s", error)
                still = set(asked)
            self._tell(one for one in asked if one not in still)
            await asyncio.sleep(POLL_SECONDS)

    def _tell(self, operation_ids: Iterable[int]) -> None:
        for operation_id in operation_ids:
            for ended in self._waiting.get(operation_id, ()):
                ended.set()


waiting = Waiting()
"""Of this process."""
