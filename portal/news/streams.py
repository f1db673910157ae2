"""Everybody who listens: one look serves them all, and no thread waits for anybody."""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError

from portal.news.change import News
from portal.news.look import Look

BUSY_SECONDS = 0.2
"""Between two looks while an operation is open."""
QUIET_SECONDS = 0.5
RESTING_SECONDS = 60.0
"""So long looks go on after the last reader has left, who may only be on the way to the next page."""
PULSE_SECONDS = 15.0
LIFE_SECONDS = 45.0
"""A stream ends after that and is asked for anew, so a session that has ended gets no more of it."""
SPREAD_SECONDS = 30
"""Some end so much later, so that they do not all come again at once."""
REMEMBERED_SECONDS = 300.0
MAX_REMEMBERED = 5000
MAX_OF_ONE = 40
"""Streams of one person."""
MAX_STREAMS = 2000

logger = logging.getLogger(__name__)


class Streams:
    """All streams of one event loop."""

    def __init__(self, look: Callable[[], Mapping[int, News]] | None = None) -> None:
        self._look = look or Look()
        self._readers: dict[int, set[Reader]] = defaultdict(set)
        self._thread = ThreadPoolExecutor(1, "news")
        self._task: asyncio.Task[None] | None = None
        self._is_over = False
        self._known_since = float("inf")
        self._looked_at = 0.0
        self._has_looked = asyncio.Event()
        self._past: deque[tuple[float, Mapping[int, News]]] = deque(maxlen=MAX_REMEMBERED)

    def __len__(self) -> int:
        return sum(map(len, self._readers.values()))

    @property
    def is_resting(self) -> bool:
        """Whether nobody listens and nobody looks."""
        return self._task is None or self._task.done()

    def has_room(self, user_id: int) -> bool:
        """Whether the person may have one more stream. May be called from any thread."""
        return len(self) < MAX_STREAMS and len(self._readers.get(user_id, ())) < MAX_OF_ONE

    async def follow(self, user_id: int, since: float) -> AsyncGenerator[bytes]:
        """Server-sent events with what has changed for that person since `since`, in seconds since 1970."""
        if not self.has_room(user_id) or self._is_over:
            return
        reader = Reader()
        self._readers[user_id].add(reader)
        if self.is_resting:
            self._task = asyncio.create_task(self._turn())
        ends_at = time.monotonic() + LIFE_SECONDS + len(self) % SPREAD_SECONDS
        try:
            await self._has_looked.wait()
            if since < self._known_since:
                yield self._event('{"all": true}')
            elif missed := self._missed(user_id, since):
                yield self._event(missed.text())
            while not reader.is_over and (left := ends_at - time.monotonic()) > 0:
                news = await reader.take(min(PULSE_SECONDS, left))
                yield self._event(news.text() if news else "{}")
        finally:
            self._readers[user_id].discard(reader)
            if not self._readers[user_id]:
                del self._readers[user_id]

    def stop(self) -> None:
        """End all streams: the server stops."""
        self._is_over = True
        self._has_looked.set()
        for reader in [one for readers in self._readers.values() for one in readers]:
            reader.end()

    def _event(self, data: str) -> bytes:
        """With the time up to which its reader knows everything."""
        return f"id: {self._looked_at:.6f}\ndata: {data}\n\n".encode()

    def _missed(self, user_id: int, since: float) -> News | None:
        found: News | None = None
        for looked_at, news in self._past:
            if looked_at > since and user_id in news:
                found = found or News()
                found.merge(news[user_id])
        return found

    async def _turn(self) -> None:
        last_reader_at = time.monotonic()
        while not self._is_over and (self._readers or time.monotonic() - last_reader_at < RESTING_SECONDS):
            if self._readers:
                last_reader_at = time.monotonic()
            try:
                found = await asyncio.get_running_loop().run_in_executor(self._thread, self._look)
            except DatabaseError as error:
                logger.warning("What has changed cannot be looked up at the moment: %s", error)
            except Exception:
                logger.exception("A look at what has changed has failed; the next one follows:")
            else:
                self._deliver(found)
            await asyncio.sleep(BUSY_SECONDS if getattr(self._look, "is_busy", False) else QUIET_SECONDS)
        self._known_since = float("inf")
        self._has_looked.clear()

    def _deliver(self, found: Mapping[int, News]) -> None:
        self._looked_at = round(time.time(), 6)
        self._known_since = min(self._known_since, self._looked_at)
        self._has_looked.set()
        if found:
            self._past.append((self._looked_at, found))
        while self._past and self._past[0][0] < self._looked_at - REMEMBERED_SECONDS:
            self._past.popleft()
        self._known_since = max(self._known_since, self._looked_at - REMEMBERED_SECONDS)
        if len(self._past) == MAX_REMEMBERED:
            self._known_since = max(self._known_since, self._past[0][0])
        for user_id, news in found.items():
            for reader in self._readers.get(user_id, ()):
                reader.give(news)


class Reader:
    """What waits for one page."""

    def __init__(self) -> None:
        self.is_over = False
        self._waiting: News | None = None
        self._has_news = asyncio.Event()

    def give(self, news: News) -> None:
        """More of it; what waits is merged, so a slow reader costs no memory."""
        if self._waiting is None:
            self._waiting = News()
        self._waiting.merge(news)
        self._has_news.set()

    def end(self) -> None:
        """The stream ends."""
        self.is_over = True
        self._has_news.set()

    async def take(self, seconds: float) -> News | None:
        """What waits; None when nothing came in that time."""
        try:
            async with asyncio.timeout(seconds):
                await self._has_news.wait()
        except TimeoutError:
            return None
        news, self._waiting = self._waiting, None
        if not self.is_over:
            self._has_news.clear()
        return news


streams = Streams()
"""Of this process."""
