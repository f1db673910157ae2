"""Handler mappings of a static site: files with a mapped extension are run by their script processor (CGI)."""

import asyncio
import contextlib
import json
import os
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING or __package__:
    from sites.runtime.programs.script_messages import HEAD_BYTES, BadAnswer, meta_variables, read_head
else:  # in the sandbox, which shows the folder of this program and nothing else of Greenroom
    from script_messages import HEAD_BYTES, BadAnswer, meta_variables, read_head

Pipe = TypeVar("Pipe")

CHILDREN = 8
"""So many scripts run at once in one instance; more wait for their turn."""
TURN_SECONDS = 10.0
SILENT_SECONDS = 60.0
"""A script that writes nothing for so long is ended."""
END_SECONDS = 5.0
"""Between the end of a script's output and its own end."""
CHUNK = 64 * 1024
LOCAL_REDIRECTS = 5


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


def read_mappings(as_json: str) -> dict[str, Handler]:
    """Extension in small letters → handler, from the variable HANDLER_MAPPINGS."""
    return {
        extension.lower(): Handler(entry["processor"], tuple(shlex.split(entry.get("arguments", ""))))
        for extension, entry in json.loads(as_json or "{}").items()
    }


class Gateway:
    """Answers requests whose path leads to a mapped file by running it; passes all others on to `files`."""

    def __init__(
        self, files: ASGIApp, folder: Path, mappings: dict[str, Handler], default_documents: list[str]
    ) -> None:
        self._files = files
        self._folder = folder.resolve()
        self._mappings = mappings
        self._default_documents = default_documents
        self._turns = asyncio.Semaphore(CHILDREN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        script = self.find(scope["path"]) if scope["type"] == "http" else None
        if script is None:
            await self._files(scope, receive, send)
            return
        if any(name == b"transfer-encoding" for name, _value in scope["headers"]):
            # A script is told the length of its body beforehand, and this one has none
            await PlainTextResponse("Length required\n", 411)(scope, receive, send)
            return
        try:
            await asyncio.wait_for(self._turns.acquire(), TURN_SECONDS)
        except TimeoutError:
            await PlainTextResponse("Busy\n", 503, {"Retry-After": "5"})(scope, receive, send)
            return
        try:
            local_path = await _Run(script, self._folder, scope, receive, send).answer()
        finally:
            self._turns.release()
        if local_path:
            await self._redirect(local_path, scope, receive, send)

    def find(self, path: str) -> Script | None:
        """The first file on the way down `path`, if it is mapped; what follows it is its PATH_INFO.

        Dot files and links are passed over, as they are among the files.
        """
        segments = path.split("/")[1:]
        file = self._folder
        for at, segment in enumerate(segments):
            if not segment and at == len(segments) - 1:
                return self._default_document(file, path)
            if not segment or segment.startswith(".") or "\0" in segment:
                return None
            file = file / segment
            if file.is_symlink():
                return None
            if file.is_file():
                name = "/".join(["", *segments[: at + 1]])
                return self._script(file, name, path[len(name) :])
        return None

    def _default_document(self, folder: Path, path: str) -> Script | None:
        file = next((folder / name for name in self._default_documents if (folder / name).is_file()), None)
        return None if file is None else self._script(file, f"{path}{file.name}", "")

    def _script(self, file: Path, name: str, path_info: str) -> Script | None:
        handler = self._mappings.get(file.suffix.lower())
        if handler is None or not file.resolve().is_relative_to(self._folder):
            return None
        return Script(file, name, path_info, handler)

    async def _redirect(self, local_path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """RFC 3875, section 6.2.2: answer as if the path that the script names had been asked for."""
        count = scope.get("local_redirects", 0) + 1
        if count > LOCAL_REDIRECTS:
            _log(f"{scope['path']}: scripts lead to each other without end")
            await _bad_gateway(scope, receive, send)
            return
        path, _, query = local_path.partition("?")
        body = (b"content-length", b"content-type")
        changed = {
            "method": "HEAD" if scope["method"] == "HEAD" else "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [pair for pair in scope["headers"] if pair[0] not in body],
            "local_redirects": count,
        }
        await self({**scope, **changed}, receive, send)


class _Run:
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
        _log(f"{self._script.name}: {reason}")
        if not self._has_begun:
            text = "Gateway timeout\n" if status == 504 else "Bad gateway\n"
            await PlainTextResponse(text, status)(self._scope, self._receive, self._send)


async def _bad_gateway(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("Bad gateway\n", 502)(scope, receive, send)


def _opened(pipe: Pipe | None) -> Pipe:
    """One of the two pipes that every script is started with."""
    if pipe is None:
        raise TypeError("a script was started without its pipes")
    return pipe


def _kill(process: Process) -> None:
    """The script and whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _log(text: str) -> None:
    sys.stderr.write(f"handler mapping: {text}\n")
