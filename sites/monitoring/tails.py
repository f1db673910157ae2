"""All who follow the output of slots: one look at the runtime serves them all, and no thread waits for anybody."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import DatabaseError, close_old_connections

from sites.errors import Failed, TooManyTails
from sites.monitoring.output import Line, Positions, lines_by_slot, positions_of
from sites.monitoring.windows import windows_of
from sites.runtime.registry import get_runtime
from sites.runtime.spec import OutputOrder, OutputPiece

LOOK_SECONDS = 0.5
PIECE_BYTES = 64 * 1024
"""Of each log at each look; one that grows faster is shown with gaps."""
MAX_WAITING = 5000
"""Lines that wait for a reader; with more it is dropped."""
MAX_OF_SLOT = 20
MAX_TAILS = 200

logger = logging.getLogger(__name__)


@dataclass
class Look:
    """What the tails of one event loop know of the logs between two looks."""

    positions: Positions = field(default_factory=dict)
    known: frozenset[int] = frozenset()
    """Slots whose logs have positions."""

    def __call__(self, slot_ids: Collection[int]) -> dict[int, list[Line]]:
        """What these slots wrote since the last look; nothing of a slot that is new. Runs in a thread."""
        close_old_connections()
        windows = windows_of(slot_ids)
        ids = {slot: {one.revision_id for one in own if one.is_open} for slot, own in windows.items()}
        new = set().union(*(ids[slot] for slot in slot_ids if slot not in self.known))
        old = set().union(*(ids[slot] for slot in slot_ids if slot in self.known))
        skipped = _read(new - old, {}, 1)
        pieces = _read(old, self.positions, PIECE_BYTES)
        self.positions = positions_of([*skipped, *pieces])
        self.known = frozenset(slot_ids)
        return lines_by_slot(pieces, windows)


class Tails:
    """All tails of one event loop."""

    def __init__(self, look: Callable[[Collection[int]], dict[int, list[Line]]] | None = None) -> None:
        self._look = look or Look()
        self._tails: dict[int, set[Tail]] = defaultdict(set)
        self._thread = ThreadPoolExecutor(1, "tails")
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._tails.values()))

    def ensure_room(self, slot_id: int, name: str) -> None:
        """Raises TooManyTails. May be called from any thread."""
        if len(self) >= MAX_TAILS or len(self._tails.get(slot_id, ())) >= MAX_OF_SLOT:
            raise TooManyTails(name=name)

    async def follow(self, slot_id: int, seconds: float, name: str = "the web site") -> AsyncGenerator[list[Line]]:
        """What the slot writes from now on; an empty list when nothing came for `seconds`.

        Ends when the reader is too slow or the server stops. Raises TooManyTails.
        """
        self.ensure_room(slot_id, name)
        tail = Tail()
        self._tails[slot_id].add(tail)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._turn())
        try:
            while not tail.is_over:
                yield await tail.take(seconds)
        finally:
            self._tails[slot_id].discard(tail)
            if not self._tails[slot_id]:
                del self._tails[slot_id]

    def stop(self) -> None:
        """End all tails: the server stops."""
        for tail in [one for tails in self._tails.values() for one in tails]:
            tail.end()

    async def _turn(self) -> None:
        while self._tails:
            try:
                found = await asyncio.get_running_loop().run_in_executor(self._thread, self._look, list(self._tails))
            except (DatabaseError, Failed) as error:
                logger.warning("The logs of web sites cannot be followed at the moment: %s", error)
                found = {}
            except Exception:
                logger.exception("A look at the logs of web sites has failed; the next one follows:")
                found = {}
            for slot_id, lines in found.items():
                for tail in self._tails.get(slot_id, ()):
                    tail.give(lines)
            await asyncio.sleep(LOOK_SECONDS)


class Tail:
    """The lines that wait for one reader."""

    def __init__(self) -> None:
        self.is_over = False
        self._waiting: deque[Line] = deque()
        self._has_news = asyncio.Event()

    def give(self, lines: list[Line]) -> None:
        """More lines."""
        if len(self._waiting) + len(lines) > MAX_WAITING and self._waiting:
            self.end()
        elif lines:
            self._waiting.extend(lines)
            self._has_news.set()

    def end(self) -> None:
        """What waits is not delivered any more."""
        self._waiting.clear()
        self.is_over = True
        self._has_news.set()

    async def take(self, seconds: float) -> list[Line]:
        """What waits; an empty list when nothing came in that time."""
        try:
            async with asyncio.timeout(seconds):
                await self._has_news.wait()
        except TimeoutError:
            return []
        lines = list(self._waiting)
        self._waiting.clear()
        self._has_news.clear()
        return lines


def _read(revision_ids: set[int], positions: Positions, max_bytes: int) -> list[OutputPiece]:
    return get_runtime().read_output(OutputOrder(tuple(sorted(revision_ids)), positions, max_bytes))


tails = Tails()
"""Of this process."""
