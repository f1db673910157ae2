"""One script of a static site, run for one request: fed, passed on, and ended with it."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING or __package__:
    from sites.runtime.programs.script_messages import HEAD_BYTES, BadAnswer, read_head
else:  # in the sandbox, which shows the folder of this program and nothing else of Greenroom
    from script_messages import HEAD_BYTES, BadAnswer, read_head

Pipe = TypeVar("Pipe")

SILENT_SECONDS = 60.0
"""A script that writes nothing for so long is ended."""
END_SECONDS = 5.0
"""Between the end of a script's output and its own end."""
CHUNK = 64 * 1024
WITHOUT_BODY = (204, 304)


@dataclass(frozen=True, slots=True)
class Handler:
    """What runs the scripts with one extension."""

    processor: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A script that a request leads to, and what it is told."""

    file: Path
    handler: Handler
    variables: Mapping[str, str]

    @property
    def name(self) -> str:
        """SCRIPT_NAME: the path up to the script."""
        return self.variables["SCRIPT_NAME"]


class ScriptRun:
    """One script that runs for one request; its process group ends with the request, whatever happens."""

    def __init__(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._script = script
        self._reader = reader
        self._writer = writer
        self._has_begun = False

    async def answer(self) -> str:
        """Write what the script answers. Returns the path that it asks for instead, else an empty text."""
        try:
            process = await self._start()
        except (OSError, ValueError) as error:
            await self._fail(502, f"{self._script.handler.processor} cannot be run: {error}")
            return ""
        feeding = asyncio.create_task(self._feed(process))
        try:
            return await self._pass_on(process)
        except BadAnswer as error:
            await self._fail(502, str(error))
        except TimeoutError:
            await self._fail(504, f"nothing went from it to the visitor for {SILENT_SECONDS:.0f} s, so it was ended")
        finally:
            feeding.cancel()
            _kill(process)
            await process.wait()
        return ""

    async def _start(self) -> Process:
        script = self._script
        return await asyncio.create_subprocess_exec(
            script.handler.processor,
            *script.handler.arguments,
            str(script.file),
            stdin=PIPE,
            stdout=PIPE,  # stderr goes to the log of the instance
            cwd=script.file.parent,
            env={**os.environ, **script.variables},
            start_new_session=True,
            limit=HEAD_BYTES,
        )

    async def _feed(self, process: Process) -> None:
        """Hand on the body; a script that does not read all of it loses nothing. Ends it when the visitor leaves."""
        body = _opened(process.stdin)
        left = int(self._script.variables.get("CONTENT_LENGTH") or 0)
        while left > 0:
            data = await self._reader.read(min(left, CHUNK))
            if not data:
                _kill(process)
                return
            left -= len(data)
            with contextlib.suppress(OSError):
                body.write(data)
                await body.drain()
        with contextlib.suppress(OSError):
            body.close()
        if not await self._reader.read(1):
            _kill(process)

    async def _pass_on(self, process: Process) -> str:
        output = _opened(process.stdout)
        head = await asyncio.wait_for(read_head(output), SILENT_SECONDS)
        if head.local_path:
            return head.local_path
        self._has_begun = True
        fields = [(b"Status", b"%d" % head.status), *head.headers]
        # In pieces with a length, so that an answer that breaks off is not taken for a whole one
        fields += [] if head.status in WITHOUT_BODY else [(b"Transfer-Encoding", b"chunked")]
        await self._write(b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n")
        while chunk := await asyncio.wait_for(output.read(CHUNK), SILENT_SECONDS):
            if head.status not in WITHOUT_BODY:
                await self._write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if head.status not in WITHOUT_BODY:
            await self._write(b"0\r\n\r\n")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_SECONDS)
        return ""

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await asyncio.wait_for(self._writer.drain(), SILENT_SECONDS)

    async def _fail(self, status: int, reason: str) -> None:
        """The reason is for the log alone. An answer that has begun breaks off, so that nobody takes it for whole."""
        log(f"{self._script.name}: {reason}")
        if not self._has_begun:
            await refuse(self._writer, status, "Gateway timeout" if status == 504 else "Bad gateway")


async def refuse(writer: asyncio.StreamWriter, status: int, text: str, fields: str = "") -> None:
    """Answer a request without its script."""
    writer.write(f"Status: {status}\r\nContent-Type: text/plain; charset=utf-8\r\n{fields}\r\n{text}\n".encode())
    await writer.drain()


def log(text: str) -> None:
    """For the log of the instance."""
    sys.stderr.write(f"handler mapping: {text}\n")
    sys.stderr.flush()


def _opened(pipe: Pipe | None) -> Pipe:
    """One of the two pipes that every script is started with."""
    if pipe is None:
        raise TypeError("a script was started without its pipes")
    return pipe


def _kill(process: Process) -> None:
    """The script and whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
