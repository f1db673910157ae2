"""The body of a request while it arrives: it has a minimum rate, and the slowest has to go if too many arrive."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sites.errors import BodyTooSlow

WINDOW_SECONDS = 20.0
MIN_RATE = 1024
"""Bytes a second, on average over a window. Apache (mod_reqtimeout) requires 500 after 20 s, Kestrel 240 after 5 s."""
YOUNG_SECONDS = 2.0
"""A younger body is not called slow."""

Receive = Callable[[], Awaitable[dict[str, Any]]]


class ClientGone(Exception):
    """The client has closed the connection, so no answer is needed."""


class Incoming:
    """One body: its pieces in order, each once."""

    def __init__(self, receive: Receive, client: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`receive` is that of ASGI; `client` is whom the bounds count."""
        self.client = client
        self.received = 0
        self.is_complete = False
        self._receive = receive
        self.began = self._window_began = clock()
        self._clock = clock
        self._in_window = 0
        self._is_over = False
        self._timer: asyncio.Timeout | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The rest of the body. Raises ClientGone and BodyTooSlow."""
        while not self.is_complete:
            message = await self._next()
            self.is_complete = not message.get("more_body", False)
            self._count(len(message.get("body", b"")))
            yield message.get("body", b"")

    async def gone(self) -> None:
        """Return when the client has gone. Call it only after the body is complete: ASGI then reports nothing else."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def end(self) -> None:
        """Stop waiting for it, also if a coroutine waits for it now."""
        self._is_over = True
        if self._timer is not None:
            self._timer.reschedule(asyncio.get_running_loop().time())

    async def _next(self) -> dict[str, Any]:
        left = self._window_began + WINDOW_SECONDS - self._clock()
        too_slow = BodyTooSlow(rate=f"{MIN_RATE // 1024} KB a second")
        if self._is_over or left <= 0:
            raise too_slow
        try:
            async with asyncio.timeout(left) as self._timer:
                message = await self._receive()
        except TimeoutError:
            raise too_slow from None
        finally:
            self._timer = None
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message

    def _count(self, size: int) -> None:
        self.received += size
        self._in_window += size
        if self._in_window >= MIN_RATE * WINDOW_SECONDS:
            self._window_began, self._in_window = self._clock(), 0


class Senders:
    """All bodies that arrive without known credentials. If one client or all have too many, the slowest is ended."""

    def __init__(self, *, most: int, max_of_one: int) -> None:
        self._max = most
        self._max_of_one = max_of_one
        self._sending: dict[Incoming, None] = {}

    @contextmanager
    def joined_by(self, body: Incoming) -> Iterator[None]:
        """It counts from now on until the end of the block."""
        self._sending[body] = None
        try:
            self._make_room([one for one in self._sending if one.client == body.client], self._max_of_one)
            self._make_room(list(self._sending), self._max)
            yield
        finally:
            self._sending.pop(body, None)

    def __len__(self) -> int:
        return len(self._sending)

    def _make_room(self, bodies: list[Incoming], most: int) -> None:
        if len(bodies) <= most:
            return
        now = time.monotonic()
        old = [one for one in bodies if now - one.began >= YOUNG_SECONDS]
        slowest = min(old or bodies, key=lambda one: one.received / (now - one.began) if old else one.began)
        self._sending.pop(slowest, None)
        slowest.end()
