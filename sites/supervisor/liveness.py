"""What `up` asks its parts while they run. Each question needs nothing but the part itself; any answer is a sign of
life, an error too."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis
from django.conf import settings

from sites.supervisor.heartbeat import redis_client, reported_pid

ASK_SECONDS = 5.0
"""After so long a question is asked again."""


class Silent(Exception):
    """The part gave no sign of life."""


class CannotTell(Exception):
    """What would bring the sign of life is away itself, so its absence says nothing."""


async def _not_asked(_: int) -> None:
    return None


def _half_of_a_start() -> float:
    return settings.READY_SECONDS / 2


@dataclass(frozen=True, slots=True)
class Liveness:
    """How `up` learns that one part hangs."""

    ask: Callable[[int], Awaitable[None]] = _not_asked
    """Asks the process with this pid once. Raises Silent or CannotTell."""
    patience_seconds: float = field(default_factory=_half_of_a_start)
    """So long it may leave questions unanswered in which it could have answered: see sites.supervisor.hang."""
    stopped_seconds: float = 2.0
    """So long it may be stopped by a signal."""
    has_workers: bool = False
    """It starts others again that end, so one of those that is stopped is ended alone."""

    def unasked(self) -> "Liveness":
        """The same for a part that still starts: it owes no answer yet."""
        return Liveness(stopped_seconds=self.stopped_seconds)


def answers(path: Path, question: bytes) -> Callable[[int], Awaitable[None]]:
    """A question to whoever listens on a unix socket, who has to answer with a line."""

    async def ask(_: int) -> None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                line = await _first_line(path, question)
        except (OSError, TimeoutError) as error:
            raise Silent(str(error) or "it does not answer") from error
        if not line:
            raise Silent("it closed the connection")

    return ask


def answers_http(path: Path, target: str = "/", *, host: str = "localhost") -> Callable[[int], Awaitable[None]]:
    """A GET by HTTP/1.1 over a unix socket, with any status."""
    return answers(path, f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())


def reports(name: str) -> Callable[[int], Awaitable[None]]:
    """Whether the process with this pid has reported to Redis lately: see sites.supervisor.heartbeat."""

    async def ask(pid: int) -> None:
        try:
            reported = await asyncio.to_thread(lambda: reported_pid(redis_client(), name))
        except redis.RedisError as error:
            raise CannotTell from error
        if reported != pid:
            raise Silent("it does not report")

    return ask


async def _first_line(path: Path, question: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(question)
        return await reader.readline()
    finally:
        writer.close()
