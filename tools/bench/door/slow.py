"""Connections that send or read a byte a second, or nothing at all, and begin anew when they are ended."""

import asyncio
import contextlib
import socket
from dataclasses import dataclass

from tools.bench.door.tally import Tally
from tools.prober.client import wait

PACE_SECONDS = 1.0
AGAIN_SECONDS = 0.5
"""After the end of a connection."""
SMALL_BUFFER = 4096
"""Of a slow reader: what the kernel holds for it counts as read."""
HEAD = 4096


@dataclass(frozen=True)
class Slow:
    """One connection. After `opening` it sends `drip` each second; it reads all that comes, or a byte a second."""

    kind: str
    address: tuple[str, int]
    opening: bytes
    drip: bytes = b""
    reads_slowly: bool = False

    async def run(self, tally: Tally, stopping: asyncio.Event) -> None:
        """Until `stopping` is set."""
        while not stopping.is_set():
            tally.ended[self.kind, await self._one(tally, stopping)] += 1
            await wait(stopping, AGAIN_SECONDS)

    async def _one(self, tally: Tally, stopping: asyncio.Event) -> str:
        try:
            reader, writer = await self._connect()
        except OSError:
            return "refused"
        tally.open_now[self.kind] += 1
        answer = asyncio.create_task(self._read(reader))
        try:
            writer.write(self.opening)
            while not stopping.is_set() and not answer.done():
                await wait(stopping, PACE_SECONDS)
                if self.drip:
                    writer.write(self.drip)
            return answer.result() if answer.done() else "open"
        except OSError:
            return "closed"
        finally:
            tally.open_now[self.kind] -= 1
            answer.cancel()
            writer.transport.abort()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        connection.setblocking(False)
        if self.reads_slowly:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        try:
            await asyncio.get_running_loop().sock_connect(connection, self.address)
        except BaseException:
            connection.close()
            raise
        return await asyncio.open_connection(sock=connection, limit=1 if self.reads_slowly else HEAD)

    async def _read(self, reader: asyncio.StreamReader) -> str:
        """The status of the last answer when the connection has been closed; `closed` without one."""
        said = "closed"
        try:
            while piece := await reader.read(1 if self.reads_slowly else HEAD):
                if piece.startswith(b"HTTP/1.1 "):
                    said = piece[9:12].decode("ascii", "replace")
                if self.reads_slowly:
                    await asyncio.sleep(PACE_SECONDS)
        except OSError:
            pass
        return said


def head(method: str, path: str, host: str, **headers: str) -> bytes:
    """A head without its empty line; `_` in a name stands for `-`."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n").encode()
