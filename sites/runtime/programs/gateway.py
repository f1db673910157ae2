"""Handler mappings of a static site: files with a mapped extension are run by their script processor (CGI)."""

import asyncio
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING or __package__:
    from sites.runtime.programs.script_run import Handler, Script, ScriptRun, log
else:  # in the sandbox, which shows the folder of this program and nothing else of Greenroom
    from script_run import Handler, Script, ScriptRun, log

CHILDREN = 8
"""So many scripts run at once in one instance; more wait for their turn."""
TURN_SECONDS = 10.0
LOCAL_REDIRECTS = 5


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
            local_path = await ScriptRun(script, self._folder, scope, receive, send).answer()
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
            try:
                is_file, is_link = file.is_file(), file.is_symlink()
            except OSError:  # a name that no file can have
                return None
            if is_link:
                return None
            if is_file:
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
            log(f"{scope['path']}: scripts lead to each other without end")
            await PlainTextResponse("Bad gateway\n", 502)(scope, receive, send)
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
