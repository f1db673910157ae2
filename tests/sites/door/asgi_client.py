"""A client of an ASGI application, without a server: sends a body in pieces and notes what it is answered, and when."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sites.door.answer import Answer, refusal_as
from sites.door.application import UPLOADS, Door, Limits, Takes, Way
from sites.door.head import Head
from sites.door.lanes import Lane
from sites.errors import Refused

GONE = {"type": "http.disconnect"}


class AsgiClient:
    """One request. `feed` and `leave` may be called while it is being answered."""

    def __init__(
        self,
        method: str = "GET",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        pieces: Sequence[bytes] = (),
        *,
        is_whole: bool = True,
        host: str = "portal.test",
    ) -> None:
        said = {"host": host, "x-forwarded-for": "192.0.2.1"} | dict(headers or {})
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in said.items()],
        }
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for piece in pieces:
            self.feed(piece)
        if is_whole:
            self.end()
        self.asked = 0
        """How often the application has asked for more: a server sends '100 Continue' at the first time."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_answered = False

    def feed(self, piece: bytes) -> None:
        """Send a piece of the body."""
        self._incoming.put_nowait({"type": "http.request", "body": piece, "more_body": True})

    def end(self) -> None:
        """The body is complete."""
        self._incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    def leave(self) -> None:
        """Close the connection."""
        self._incoming.put_nowait(GONE)

    async def visit(self, door: Door) -> "AsgiClient":
        """Return when the door has done with it."""
        await door(self.scope, self._receive, self._send)
        return self

    async def _receive(self) -> dict[str, Any]:
        self.asked += 1
        return await self._incoming.get()

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")
            self.is_answered = not message.get("more_body", False)


def lanes(threads: int = 2) -> dict[str, Lane]:
    return {name: Lane(name, threads=threads, of_one=threads, waiting=5) for name in ("portal", UPLOADS)}


def way_of(head: Head) -> Way:
    """By the path."""
    ways = {"/upload": Takes.UPLOAD, "/form": Takes.FORM}
    return Way("portal", ways.get(head.path, Takes.NOTHING))


def refuse(head: Head, refusal: Refused) -> Answer:
    """Only the sentence."""
    return refusal_as(refusal, "text/plain", str(refusal))


SMALL = Limits(upload=1_000_000, form=200_000, memory=500_000, senders=6, senders_of_one=4, uploads_of_one=2)
