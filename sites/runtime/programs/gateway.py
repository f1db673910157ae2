"""Handler mappings of a static site: runs its scripts, one process for each request (CGI).

lighttpd starts this process where a site has mappings, and hands on the requests that lead to a script (SCGI): the
variables of the request, then its body. The socket on which it comes is standard input.
"""

import asyncio
import json
import os
import shlex
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from sites.runtime.programs.local_redirect import VARIABLE, follow
    from sites.runtime.programs.script_messages import BadAnswer, BadRequest, read_request, variables_of
    from sites.runtime.programs.script_run import Handler, Script, ScriptRun, log, refuse
else:  # in the sandbox, which shows the folder of this program and nothing else of Greenroom
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from local_redirect import VARIABLE, follow
    from script_messages import BadAnswer, BadRequest, read_request, variables_of
    from script_run import Handler, Script, ScriptRun, log, refuse

CHILDREN = 8
"""So many scripts run at once in one instance; more wait for their turn."""
TURN_SECONDS = 10.0
OF_LIGHTTPD = ("PHP_FCGI_CHILDREN", "PWD", "SCRIPT_MARK", "SCRIPT_SUFFIXES")
"""Variables that no script is told: they are lighttpd's, or its notes for this process."""


def read_mappings(as_json: str) -> dict[str, Handler]:
    """Extension in small letters → handler, from the variable HANDLER_MAPPINGS."""
    return {
        extension.lower(): Handler(entry["processor"], tuple(shlex.split(entry.get("arguments", ""))))
        for extension, entry in json.loads(as_json or "{}").items()
    }


class Gateway:
    """Answers what lighttpd hands on, so many requests at once."""

    def __init__(self, mappings: dict[str, Handler], *, children: int = CHILDREN, turn: float = TURN_SECONDS) -> None:
        self._mappings = mappings
        self._turns = asyncio.Semaphore(children)
        self._turn_seconds = turn

    @property
    def is_full(self) -> bool:
        """Whether the next script waits for its turn."""
        return self._turns.locked()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, on a connection of its own."""
        try:
            await self._answer(reader, writer)
        except (BadRequest, OSError, asyncio.IncompleteReadError):
            writer.transport.abort()  # nobody is there any more, or it was not lighttpd
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        given = await read_request(reader)
        file = Path(given["SCRIPT_FILENAME"])
        variables = variables_of({name: value for name, value in given.items() if name != VARIABLE})
        script = Script(file, self._mappings[file.suffix.lower()], variables)
        try:
            await asyncio.wait_for(self._turns.acquire(), self._turn_seconds)
        except TimeoutError:
            await refuse(writer, 503, "Busy", "Retry-After: 5\r\n")
            return
        try:
            path = await ScriptRun(script, reader, writer).answer()
        finally:
            self._turns.release()
        if path:
            try:
                await follow(path, given, writer)
            except (BadAnswer, OSError) as error:
                log(f"{script.name}: {error}")
                await refuse(writer, 502, "Bad gateway")


async def serve() -> None:
    """Until lighttpd ends it."""
    for name in OF_LIGHTTPD:
        os.environ.pop(name, None)
    gateway = Gateway(read_mappings(os.environ.get("HANDLER_MAPPINGS", "")))
    listening = socket.socket(fileno=os.dup(0))
    listening.setblocking(False)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    server = await asyncio.start_unix_server(gateway.answer, sock=listening)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
