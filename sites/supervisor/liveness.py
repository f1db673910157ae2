"""What `up` asks its parts while they run. Each question needs nothing but the part itself; any answer is a sign of
life, an error too."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from sites.supervisor.broker import is_there
from sites.supervisor.ready_file import gives_signs

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


def closes(path: Path) -> Callable[[int], Awaitable[None]]:
    """A connection to the fork server that says nothing, which it closes."""

    async def ask(_: int) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK) as connection:
            try:
                async with asyncio.timeout(ASK_SECONDS):
                    await loop.sock_connect(connection, str(path))
                    connection.shutdown(socket.SHUT_WR)
                    await loop.sock_recv(connection, 1)
            except (OSError, TimeoutError) as error:
                raise Silent(str(error) or "it does not answer") from error

    return ask


def reports(name: str) -> Callable[[int], Awaitable[None]]:
    """Whether the process with this pid has reported lately: see sites.supervisor.ready_file.

    Without Redis the loops of Celery stand still, so then nobody can tell.
    """

    async def ask(pid: int) -> None:
        if gives_signs(name, pid):
            return
        if not await is_there():
            raise CannotTell
        raise Silent("it does not report")

    return ask


async def _first_line(path: Path, question: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(question)
        return await reader.readline()
    finally:
        writer.close()
