"""The rules in the guard's memory, as new as the routes that ask by them."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sites.router.guard.rule import Rule

POLL_SECONDS = 2.0
"""So long after a role has ended its person may still be let in, beside the time of one look."""
OLDEST_SECONDS = 45.0
"""Rules that could not be read again for so long let nobody in by a sign-in: a role may have ended meanwhile."""
MISSED_SECONDS = 1.0
"""A version that the source does not have is not looked for again before that."""

logger = logging.getLogger(__name__)


class Keeper:
    """Reads all rules again and again, and at once when a route knows a newer one."""

    def __init__(self, read: Callable[[], list[Rule]]) -> None:
        """`read` is called from a thread of its own; whatever it raises means that the source is away."""
        self._read = read
        self._rules: dict[int, Rule] = {}
        self._read_at = float("-inf")
        self._missed: dict[tuple[int, int], float] = {}
        self._loading: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rules")
        self.is_source_away = False

    @property
    def are_fresh(self) -> bool:
        """Whether they were read lately enough to say who still has a role."""
        return time.monotonic() - self._read_at < OLDEST_SECONDS

    async def rule(self, slot_id: int, version: int) -> Rule | None:
        """The rule of a slot whose route asks by `version`, or a newer one; None when it cannot be known.

        A slot without a rule any more is open: its routes are about to follow.
        """
        found = self._rules.get(slot_id)
        if found is None or found.version < version:
            await self._look_for(slot_id, version)
            found = self._rules.get(slot_id)
        if found is not None:
            return found if found.version >= version else None
        return None if self.is_source_away or not self.are_fresh else Rule(slot_id, version)

    async def follow(self) -> None:
        """Read for ever."""
        while True:
            await self.load()
            await asyncio.sleep(POLL_SECONDS)

    async def load(self) -> None:
        """Read what the source holds from now on; who asks during a reading waits for one that begins after it."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load())
            await asyncio.shield(self._loading)
            return
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._after(self._loading))
        await asyncio.shield(self._next)

    def close(self) -> None:
        """End the thread without waiting for a call that hangs."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _after(self, loading: asyncio.Task[None]) -> None:
        await asyncio.wait([loading])
        self._loading = asyncio.create_task(self._load())
        await self._loading

    async def _look_for(self, slot_id: int, version: int) -> None:
        now = time.monotonic()
        self._missed = {key: at for key, at in self._missed.items() if now - at < MISSED_SECONDS}
        if (slot_id, version) in self._missed:
            return
        await self.load()
        found = self._rules.get(slot_id)
        if found is None or found.version < version:
            self._missed[slot_id, version] = now

    async def _load(self) -> None:
        began = time.monotonic()
        try:
            rules = await asyncio.get_running_loop().run_in_executor(self._thread, self._read)
        except Exception as error:  # any failure of a database means the same here
            if not self.is_source_away:
                logger.error("The rules for visitors cannot be read; what was read last holds: %s", error)
            self.is_source_away = True
            return
        self._rules = {rule.slot_id: rule for rule in rules}
        self._read_at = began
        if self.is_source_away:
            logger.info("The rules for visitors can be read again")
        self.is_source_away = False
