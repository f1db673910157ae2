"""Publishing clients that take long: pipelines that wait for their publication, and uploads that come slowly."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from tools.bench.door.slow import head
from tools.bench.door.tally import Tally

PIECE = 64 * 1024
LIMIT_SECONDS = 600.0


@dataclass(frozen=True)
class Publication:
    """One POST, sent at `rate` bytes a second, whose answer is waited for."""

    kind: str
    address: tuple[str, int]
    opening: bytes
    """The head, with its empty line."""
    before: bytes
    """What comes in front of the archive, for a form."""
    archive: Path
    after: bytes = b""
    rate: float = 0.0
    """0: as fast as it goes."""

    async def run(self, tally: Tally, stopping: asyncio.Event) -> None:
        """Once; given up when `stopping` is set."""
        sending = asyncio.create_task(self._send(tally))
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({sending, stopped}, return_when=asyncio.FIRST_COMPLETED, timeout=LIMIT_SECONDS)
        stopped.cancel()
        if not sending.done():
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
        how = "waiting at the end" if sending.cancelled() else sending.result()
        tally.ended[self.kind, how] += 1

    async def _send(self, tally: Tally) -> str:
        tally.open_now[self.kind] += 1
        try:
            reader, writer = await asyncio.open_connection(*self.address)
            try:
                answer = asyncio.create_task(reader.readline())
                await self._write(writer, answer)
                line = (await answer).split()
                return line[1].decode() if len(line) > 1 else "closed"
            finally:
                answer.cancel()
                writer.transport.abort()
        except OSError as error:
            return type(error).__name__
        finally:
            tally.open_now[self.kind] -= 1

    async def _write(self, writer: asyncio.StreamWriter, answer: asyncio.Task[bytes]) -> None:
        loop = asyncio.get_running_loop()
        writer.write(self.opening + self.before)
        began, sent = loop.time(), 0
        with self.archive.open("rb") as file:
            while (piece := file.read(PIECE)) and not answer.done():
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
                early = began + sent / self.rate - loop.time() if self.rate else 0.0
                await asyncio.sleep(max(early, 0.0))
        writer.write(self.after)
        await writer.drain()


def zip_deploy(
    kind: str, address: tuple[str, int], host: str, credentials: str, archive: Path, rate: float = 0.0
) -> Publication:
    """To a publishing host, waiting until the new version serves. `credentials` are those of RFC 7617, encoded."""
    size = str(archive.stat().st_size)
    authorization = f"Basic {credentials}"
    opening = head("POST", "/api/zipdeploy", host, Authorization=authorization, Content_Length=size)
    return Publication(kind, address, opening + b"\r\n", b"", archive, rate=rate)


def publish_form(
    kind: str, address: tuple[str, int], host: str, path: str, cookies: str, token: str, archive: Path, rate: float
) -> Publication:
    """The portal's PUBLISH form."""
    boundary = "greenroom-bench"
    before = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="archive"; filename="site.zip"\r\n'
        "Content-Type: application/zip\r\n\r\n"
    ).encode()
    after = f"\r\n--{boundary}--\r\n".encode()
    opening = head(
        "POST",
        path,
        host,
        Cookie=cookies,
        Origin=f"http://{host}",
        Content_Type=f"multipart/form-data; boundary={boundary}",
        Content_Length=str(len(before) + archive.stat().st_size + len(after)),
    )
    return Publication(kind, address, opening + b"\r\n", before, archive, after, rate)
