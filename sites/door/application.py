"""The ASGI application: bounds, the body, Django in a thread, the answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any

from sites.content.uploads import in_units
from sites.door import bodies, uploads
from sites.door.answer import Answer, Endless, Held, Send, Streamed
from sites.door.head import ALIVE_HOST, Head
from sites.door.incoming import ClientGone, Incoming, Receive, Senders
from sites.door.lanes import Lane, unless
from sites.door.room import DiskRoom, Room, Share
from sites.door.wsgi import WsgiApplication, better_answer, call
from sites.errors import Refused, RequestTooLarge, UploadTooLarge

DISK_THREADS = 2
UPLOADS = "uploads"
"""The lane of what is done with an upload that is here."""
READING_SECONDS = 60.0
"""How long a client may leave a piece of an endless answer unread."""
MAX_DROPPING = 64
"""Refused bodies that are read to their end at the same time. With more, the connection is closed after the answer."""


class Takes(Enum):
    """What a view does with a body."""

    NOTHING = auto()
    """The answer does not depend on the body, so it is given at once."""
    FORM = auto()
    UPLOAD = auto()
    """It is marked with sites.door.uploads.takes_upload."""


@dataclass(frozen=True)
class Way:
    """What is known of a request from its head."""

    lane: str
    """Which threads work on it."""
    takes: Takes


@dataclass(frozen=True)
class Limits:
    """What the door accepts. Sizes are in bytes."""

    upload: int
    form: int
    """Of a body that is no upload."""
    uploads_of_one: int = 2
    uploads_at_once: int = 8
    """Uploads of full size that fit at the same time; more fit if they are smaller."""
    memory: int = 64 * 1024**2
    """Of all bodies beyond their first 64 KB, except uploads."""
    senders: int = 512
    senders_of_one: int = 256
    """Bodies that arrive before any view has checked credentials."""


@dataclass
class Door:
    """One per process. Coroutines of one event loop share it."""

    application: WsgiApplication
    way_of: Callable[[Head], Way]
    refuse: Callable[[Head, Refused], Answer]
    """Makes the answer of the door itself. It runs in the event loop, so it must not use the database."""
    lanes: Mapping[str, Lane]
    """Name → threads; UPLOADS is one of them."""
    limits: Limits
    folder: Path
    """Where uploads lie."""
    let_go: Callable[[], None] = lambda: None
    """Ends all waiting of Held answers: the server is about to stop."""
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(DISK_THREADS, "disk"))
    dropping: int = 0

    def __post_init__(self) -> None:
        self.senders = Senders(most=self.limits.senders, max_of_one=self.limits.senders_of_one)
        self.memory = Room(self.limits.memory)
        self.disk = DiskRoom(
            most=self.limits.uploads_at_once * self.limits.upload,
            max_of_one=self.limits.uploads_of_one,
        )

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            head = Head(scope)
            if head.host == ALIVE_HOST:
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body"})
                return
            try:
                await Visit(self, head, Incoming(receive, head.client), send).serve()
            except ClientGone:
                return

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        for left in self.folder.glob(f"{bodies.PREFIX}*"):
            left.unlink(missing_ok=True)  # of a server that was killed
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for lane in self.lanes.values():
            lane.close()
        self.threads.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})


class Visit:
    """One request."""

    def __init__(self, door: Door, head: Head, incoming: Incoming, send: Send) -> None:
        self._door = door
        self._head = head
        self._incoming = incoming
        self._send = send
        self._way = door.way_of(head)
        incoming.is_complete = head.length == 0

    async def serve(self) -> None:
        """Answer. Raises ClientGone."""
        try:
            answer = await self._better(await self._answer())
        except Refused as refusal:
            answer = self._door.refuse(self._head, refusal)
        try:
            await self._give(answer)
        finally:
            answer.close()

    async def _answer(self) -> Answer:
        if self._incoming.is_complete or self._way.takes is Takes.NOTHING:
            return await self._run(b"")
        if self._way.takes is Takes.FORM:
            return await self._form()
        if self._head.expects_continue:
            return await self._upload(b"")
        with self._door.senders.joined_by(self._incoming):
            head, is_whole = await bodies.read_head(self._incoming)
        return await (self._run(head) if is_whole else self._upload(head))

    async def _form(self) -> Answer:
        """A body that is no upload."""
        door, most = self._door, self._door.limits.form
        refusal = RequestTooLarge(limit=in_units(most))
        if (self._head.length or 0) > most:
            raise refusal
        with door.memory.share() as share:
            with door.senders.joined_by(self._incoming):
                body = await bodies.read_all(self._incoming, share, most=most, refusal=refusal)
            return await self._run(body)

    async def _upload(self, head: bytes) -> Answer:
        """Ask first, then receive."""
        asked = await self._run(head, {uploads.ASKING: True})
        if not isinstance(asked.note, uploads.Admitted):
            return await self._without_its_middle(head) if 300 <= asked.status < 400 else asked
        try:
            with self._door.disk.upload(asked.note.by) as share:
                async with self._spooled(head, share) as path:
                    return await self._run(path, {uploads.FILE: path}, lane=UPLOADS)
        except Refused as refusal:
            return await self._run(b"", {uploads.REFUSAL: refusal})

    @asynccontextmanager
    async def _spooled(self, head: bytes, share: Share) -> AsyncIterator[Path]:
        door, most = self._door, self._door.limits.upload
        refusal = UploadTooLarge(limit=in_units(most))
        if self._head.headers.get("content-type", "").startswith("multipart/"):
            most += door.limits.form  # for the fields beside the file, whose own size the view looks at
        if (self._head.length or 0) > most:
            raise refusal
        place = bodies.Place(door.folder, door.threads, most, refusal)
        async with bodies.spooled(self._incoming, head, share, place) as path:
            yield path

    async def _without_its_middle(self, head: bytes) -> Answer:
        """Answer a person whose session has ended: the form's other fields are kept until after the sign-in."""
        if self._may_drop():
            head += await self._drop()
        return await self._run(head, {uploads.CUT: True})

    async def _run(self, body: bytes | Path, extra: dict[str, Any] | None = None, *, lane: str = "") -> Answer:
        """Django's answer."""
        door = self._door
        threads = door.lanes[lane or self._way.lane]
        gone = self._incoming.gone if self._incoming.is_complete else None
        work = partial(call, door.application, self._head, body, extra or {}, door.folder)
        return await threads.run(self._incoming.client, work, gone)

    async def _better(self, answer: Answer) -> Answer:
        """Replace a Held answer by the better one when it is ready; nothing of the request is kept until then."""
        if not isinstance(answer.note, Held):
            return answer
        await unless(self._incoming.gone(), answer.note.wait())
        threads = self._door.lanes[self._way.lane]
        better = await threads.run(self._incoming.client, partial(better_answer, answer.note, self._door.folder))
        return better.with_headers_of(answer)

    async def _give(self, answer: Answer) -> None:
        drops = not self._incoming.is_complete and answer.status != 408 and self._may_drop()
        headers = answer.headers
        # What is dropped ends when the client has sent everything, though it can read the answer now
        if drops or isinstance(answer.note, Streamed | Endless):
            headers = [one for one in headers if one[0] != b"content-length"]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if self._head.method != "HEAD":
            async with aclosing(answer.pieces(self._door.threads)) as pieces:
                async for piece in pieces:
                    await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            if isinstance(answer.note, Endless) and self._incoming.is_complete:
                await unless(self._incoming.gone(), self._go_on(answer.note))
        if drops:
            await self._drop()
        await self._send({"type": "http.response.body"})

    async def _go_on(self, endless: Endless) -> None:
        """Send piece after piece. Raises ClientGone when one is not taken for too long."""
        async with aclosing(endless.pieces()) as pieces:
            async for piece in pieces:
                try:
                    async with asyncio.timeout(READING_SECONDS):
                        await self._send({"type": "http.response.body", "body": piece, "more_body": True})
                except TimeoutError:
                    raise ClientGone from None

    def _may_drop(self) -> bool:
        """Not for a client that waits for '100 Continue', which has sent nothing, and not for too many at once."""
        return not self._head.expects_continue and self._door.dropping < MAX_DROPPING

    async def _drop(self) -> bytes:
        self._door.dropping += 1
        try:
            return await bodies.drop(self._incoming, most=2 * self._door.limits.upload)
        finally:
            self._door.dropping -= 1
