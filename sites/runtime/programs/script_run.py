"""One script of a static site, run for one request: fed, passed on, and ended with it."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING or __package__:
    from sites.runtime.programs.script_messages import HEAD_BYTES, BadAnswer, meta_variables, read_head
else:  # in the sandbox, which shows the folder of this program and nothing else of Greenroom
    from script_messages import HEAD_BYTES, BadAnswer, meta_variables, read_head

Pipe = TypeVar("Pipe")

SILENT_SECONDS = 60.0
"""A script that writes nothing for so long is ended."""
END_SECONDS = 5.0
"""Between the end of a script's output and its own end."""
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Handler:
    """What runs the scripts with one extension."""

    processor: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A script that a request's path leads to."""

    file: Path
    name: str
    """SCRIPT_NAME: the path up to the script."""
    path_info: str
    handler: Handler


class ScriptRun:
    """One script that runs for one request; its process group ends with the request, whatever happens."""

    def __init__(self, script: Script, folder: Path, scope: Scope, receive: Receive, send: Send) -> None:
        self._script = script
        self._folder = folder
        self._scope = scope
        self._receive = receive
        self._send = send
        self._has_begun = False

    async def answer(self) -> str:
        """Send what the script answers. Returns the path that it asks for instead, else an empty text."""
        try:
            process = await self._start()
        except OSError as error:
            await self._fail(502, f"{self._script.handler.processor} cannot be run: {error.strerror}")
            return ""
        feeding = asyncio.create_task(self._feed(process))
        try:
            return await self._pass_on(process)
        except BadAnswer as error:
            await self._fail(502, str(error))
        except TimeoutError:
            await self._fail(504, f"it wrote nothing for {SILENT_SECONDS:.0f} s and was ended")
        finally:
            feeding.cancel()
            _kill(process)
            await process.wait()
        return ""

    async def _start(self) -> Process:
        script = self._script
        variables = meta_variables(
            self._scope,
            folder=str(self._folder),
            file=str(script.file),
            name=script.name,
            path_info=script.path_info,
        )
        return await asyncio.create_subprocess_exec(
            script.handler.processor,
            *script.handler.arguments,
            str(script.file),
            stdin=PIPE,
            stdout=PIPE,  # stderr goes to the log of the instance
            cwd=script.file.parent,
            env={**os.environ, **variables},
            start_new_session=True,
            limit=HEAD_BYTES,
        )

    async def _feed(self, process: Process) -> None:
        """Hand on the body; a script that does not read all of it loses nothing. Ends it when the visitor leaves."""
        body = _opened(process.stdin)
        with contextlib.suppress(OSError):
            while True:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    _kill(process)
                    return
                body.write(message.get("body", b""))
                with contextlib.suppress(OSError):
                    await body.drain()
                if not message.get("more_body", False):
                    body.close()

    async def _pass_on(self, process: Process) -> str:
        output = _opened(process.stdout)
        head = await asyncio.wait_for(read_head(output), SILENT_SECONDS)
        if head.local_path:
            return head.local_path
        await self._send({"type": "http.response.start", "status": head.status, "headers": head.headers})
        self._has_begun = True
        while chunk := await asyncio.wait_for(output.read(CHUNK), SILENT_SECONDS):
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_SECONDS)
        return ""

    async def _fail(self, status: int, reason: str) -> None:
        """The reason is for the log alone. An answer that has begun breaks off, so that nobody takes it for whole."""
        log(f"{self._script.name}: {reason}")
        if not self._has_begun:
            text = "Gateway timeout\n" if status == 504 else "Bad gateway\n"
            await PlainTextResponse(text, status)(self._scope, self._receive, self._send)


def log(text: str) -> None:
    """For the log of the instance."""
    sys.stderr.write(f"handler mapping: {text}\n")


def _opened(pipe: Pipe | None) -> Pipe:
    """One of the two pipes that every script is started with."""
    if pipe is None:
        raise TypeError("a script was started without its pipes")
    return pipe


def _kill(process: Process) -> None:
    """The script and whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
