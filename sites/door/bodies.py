"""Where a body goes: into memory, into a file if it is an upload, or nowhere if it is refused."""

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sites.content.uploads import disk_full
from sites.disk.folders import claim
from sites.door.incoming import ClientGone, Incoming
from sites.door.room import Share
from sites.errors import BodyTooSlow, Refused

HEAD_BYTES = 64 * 1024
"""The door reads this much of an upload before it asks the view. Most requests are smaller."""
PIECE_BYTES = 256 * 1024
"""An upload is written in pieces of that size."""
DROPPED_RATE = 32 * 1024**2
"""Bytes a second that are thrown away of one body, so that a stranger cannot take the processor from others."""
PREFIX = "upload-"


async def read_head(incoming: Incoming) -> tuple[bytes, bool]:
    """The body as far as HEAD_BYTES or a little further, and whether that is all. Raises ClientGone and BodyTooSlow."""
    head = bytearray()
    async for piece in incoming.pieces():
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    return bytes(head), incoming.is_complete


async def read_all(incoming: Incoming, share: Share, *, most: int, refusal: Refused) -> bytes:
    """The body in memory. The share counts what is beyond the first HEAD_BYTES.

    Raises `refusal` when it is larger than `most` bytes, ServerBusy, ClientGone and BodyTooSlow.
    """
    body = bytearray()
    async for piece in incoming.pieces():
        if incoming.received > most:
            raise refusal
        body += piece
        share.grow(max(0, len(body) - HEAD_BYTES - share.size))
    return bytes(body)


@dataclass(frozen=True)
class Place:
    """Where an upload is written to."""

    folder: Path
    threads: Executor
    most: int
    """Bytes."""
    refusal: Refused
    """For what is larger."""


@asynccontextmanager
async def spooled(incoming: Incoming, head: bytes, share: Share, place: Place) -> AsyncIterator[Path]:
    """The body in a file of its own, which is gone after the block.

    Raises the place's refusal, ServerBusy, DiskFull, ClientGone and BodyTooSlow.
    """
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=place.folder)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            claim(descriptor)
            await _write(incoming, bytearray(head), share, file, place)
            file.flush()
            yield path
    finally:
        path.unlink(missing_ok=True)


async def _write(incoming: Incoming, unwritten: bytearray, share: Share, file: BinaryIO, place: Place) -> None:
    loop = asyncio.get_running_loop()

    async def flush() -> None:
        share.grow(len(unwritten))
        try:
            await loop.run_in_executor(place.threads, file.write, bytes(unwritten))
        except OSError as error:
            raise disk_full() from error
        unwritten.clear()

    async for piece in incoming.pieces():
        if incoming.received > place.most:
            raise place.refusal
        unwritten += piece
        if len(unwritten) >= PIECE_BYTES:
            await flush()
    await flush()


async def drop(incoming: Incoming, *, most: int) -> bytes:
    """Read and throw away what comes, as far as `most` bytes, and return the last HEAD_BYTES of it.

    A client that sends everything before it reads would otherwise meet a closed connection in place of its answer.
    """
    last: deque[bytes] = deque()
    kept = 0
    try:
        async for piece in incoming.pieces():
            last.append(piece)
            kept += len(piece)
            while kept - len(last[0]) >= HEAD_BYTES:
                kept -= len(last.popleft())
            if incoming.received > most:
                break
            await asyncio.sleep(len(piece) / DROPPED_RATE)
    except (ClientGone, BodyTooSlow):
        pass  # the client has its answer, or wants none
    return b"".join(last)
