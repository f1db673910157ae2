"""An answer of the door. It is complete before it is sent, so a slow reader holds only its own connection."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sites.content.uploads import Readable
from sites.errors import (
    Refused,
)

PIECE_BYTES = 64 * 1024
RETRY_SECONDS = 5
NO_HEADERS: Mapping[str, str] = {}
Response = TypeVar("Response")
Headers = list[tuple[bytes, bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Held:
    """Note of an answer: after `wait` has returned, `answer` makes a better one, in a thread."""

    wait: Callable[[], Awaitable[None]]
    answer: Callable[[], Any]
    """Returns a response of Django."""


@dataclass(frozen=True)
class Streamed:
    """Note of an answer whose body comes bit by bit; the coroutine that makes it holds no thread."""

    pieces: Callable[[], AsyncGenerator[bytes, None]]
    """Goes on to its end also when the client has gone."""


@dataclass(frozen=True)
class Endless:
    """Note of an answer: after its body come these pieces, as long as the client reads them and they do not end."""

    pieces: Callable[[], AsyncGenerator[bytes]]


def note(response: Response, said: object) -> Response:
    """Attach a note for the door to a view's response."""
    response.door = said  # type: ignore[attr-defined]
    return response


@dataclass(frozen=True)
class Answer:
    """Status, headers in lower case, and the whole body or a file that holds it."""

    status: int
    headers: Headers
    body: bytes | Readable
    note: object = None
    """A Held, a Streamed, an Endless, or an Admitted of sites.door.uploads, from the view."""
    on_close: Callable[[], object] | None = None

    async def pieces(self, threads: Executor) -> AsyncGenerator[bytes, None]:
        """The body in pieces; files are read in a thread."""
        if isinstance(self.note, Streamed):
            async with aclosing(self.note.pieces()) as coming:
                async for piece in coming:
                    yield piece
            return
        if isinstance(self.body, bytes):
            for start in range(0, len(self.body), PIECE_BYTES):
                yield self.body[start : start + PIECE_BYTES]
            return
        loop = asyncio.get_running_loop()
        while piece := await loop.run_in_executor(threads, self.body.read, PIECE_BYTES):
            yield piece

    def with_headers_of(self, other: "Answer") -> "Answer":
        """Also with those headers of `other` that this one does not have."""
        own = {name for name, _ in self.headers} | {b"content-length", b"location"}
        return replace(self, headers=[*self.headers, *(one for one in other.headers if one[0] not in own)])

    def close(self) -> None:
        """Let go of files."""
        if self.on_close is not None:
            self.on_close()


def refusal_as(refusal: Refused, kind: str, text: str, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    """An answer of the door itself, made without a thread. `kind` is the Content-Type of `text`."""
    status, body = refusal.http_status, text.encode()
    said = {
        "content-type": kind,
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        **({"retry-after": str(RETRY_SECONDS)} if status in (429, 503) else {}),
        **headers,
    }
    return Answer(status, [(name.encode(), value.encode()) for name, value in said.items()], body)
