"""Static sites as visitors see them: the program runs as in a sandbox, and is asked over a connection."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sites.runtime.programs import static

PROGRAM = Path(static.__file__)
START_SECONDS = 20.0
ECHO = """
import json, os, sys
print("Content-Type: application/json\\n")
print(json.dumps({"env": dict(os.environ), "body": sys.stdin.read(int(os.environ.get("CONTENT_LENGTH") or 0)),
                  "args": sys.argv[1:], "flags": sys.flags.isolated}))
"""


def write(folder: Path, name: str, source: str) -> None:
    """A file of the site."""
    (folder / name).write_text(source)


def answers(folder: Path, name: str, head: str, body: str = "") -> None:
    """A script with a fixed answer."""
    write(folder, name, f"import sys; sys.stdout.write({head!r} + '\\n\\n' + {body!r})")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a visitor is answered."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.content.decode()


@dataclass(slots=True)
class Served:
    """One static site that is served."""

    folder: Path
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is not used yet."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, path: str, method: str = "GET", *, content: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own; the path goes out as it stands."""
        with contextlib.closing(self.connect()) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            sent = {"Host": f"contoso.localhost:{self.port}"}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            if content is not None and "Transfer-Encoding" not in sent:
                sent["Content-Length"] = str(len(content))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(content)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def stop(self) -> int:
        """Tell it as the agent does. Returns its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(START_SECONDS)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _start(folder: Path, arguments: Sequence[str], environment: Mapping[str, str], scratch: Path) -> Served | None:
    """None when somebody else has taken the port meanwhile."""
    port, log = free_port(), scratch / "log"
    own = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(port), "TMPDIR": str(scratch)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, PROGRAM, *arguments],
            cwd=folder,
            env={**own, **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return Served(folder, process, port, log)
        time.sleep(0.01)
    _end(process)
    if "already in use" in log.read_text():
        return None
    raise AssertionError(log.read_text())


@contextlib.contextmanager
def serve(folder: Path, scratch: Path, *arguments: str, **environment: str) -> Iterator[Served]:
    """The site of a folder, with these arguments and variables, until the block ends."""
    scratch.mkdir(exist_ok=True)
    served = next(filter(None, (_start(folder, arguments, environment, scratch) for _ in range(10))))
    try:
        yield served
    finally:
        _end(served.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """With what runs its scripts, which would outlive it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
