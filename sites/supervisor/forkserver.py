"""Starts the Python parts by fork: `python -m sites.supervisor.forkserver SOCKET`.

Django, Celery and our own code are loaded once here. A part that is forked has them at once, and shares their memory
with the others for as long as neither writes to it (copy on write). Each part is a process like any other: a session
of its own, the child of `up` and not of this one, so that it goes on when the fork server ends.

One connection is one start. The request is a message in JSON with the keys `name`, `arguments` (what would stand behind
`python`), `environment` and `descriptors`; with it come open files: the part's output, then one for each number in
`descriptors`. The answer is a JSON message with the key `pid`. The part begins when it is sent GO, and ends if the
connection is closed before. A connection that says nothing is closed; by that `up` sees that the server lives.
"""

import ctypes
import fcntl
import gc
import json
import os
import runpy
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import django
from celery import current_app
from django.conf import settings

from sites.supervisor.sockets import listen

GO = b"go"
MAX_BYTES = 65536
MAX_FILES = 16
PARKING = 256
"""Received files wait at numbers from here on, where they are in nobody's way."""
REQUEST_SECONDS = 2.0
GO_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
LOADED = (
    "celery.apps.beat",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.worker.worker",
    "django.contrib.staticfiles.management.commands.collectstatic",
    "django.core.management.commands.migrate",
    "django.core.wsgi",
    "kombu.transport.redis",
    "portal.at_the_door",
    "sites.door.application",
    "sites.management.commands.prepare",
    "sites.management.commands.welcome",
    "sites.management.commands.guard",
    "sites.management.commands.xds",
    "sites.tasks",
    "sites.ticks",
    "uvicorn.protocols.http.h11_impl",
)
"""Beside the addresses of the portal and of publishing. What a part needs and does not find here it loads itself."""


@dataclass(frozen=True, slots=True)
class Start:
    """A part that is to be started."""

    name: str
    arguments: Sequence[str]
    environment: dict[str, str]
    files: dict[int, int]
    """Where the part finds an open file → where it is now; its output at 1."""


def main(path: Path) -> None:
    """Serve until a signal; returns in each part, when its own work is done."""
    up = os.getppid()
    gc.disable()  # the collector would write to every object, and so take apart what parts share
    load()
    gc.freeze()
    start = serve(listen(path, socket.SOCK_SEQPACKET), up)
    gc.enable()
    run(start.arguments)


def load() -> None:
    """Import what parts need, and open nothing."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    for name in (settings.ROOT_URLCONF, settings.PUBLISHING_URLCONF, *LOADED):
        import_module(name)
    current_app.finalize()
    current_app.loader.import_default_modules()


def serve(listener: socket.socket, up: int) -> Start:
    """Fork at every request. Returns in the part only; `up` is the process whose child it is to be."""
    while True:
        connection, _ = listener.accept()
        files: list[int] = []
        try:
            check_sender(connection, up)
            start = receive(connection, files)
            if fork(connection):
                listener.close()
                become(start, connection, up)
                return start
        except EOFError:
            pass  # `up` looked whether it lives
        except (OSError, ValueError, KeyError) as error:
            sys.stderr.write(f"Nothing was started: {type(error).__name__}: {error}\n")
        connection.close()
        for file in files:
            os.close(file)


def check_sender(connection: socket.socket, up: int) -> None:
    """Raises ValueError for a request of anybody but `up`: a site may run as the same user."""
    sender, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if sender != up:
        raise ValueError(f"process {sender} is not `up`")


def receive(connection: socket.socket, files: list[int]) -> Start:
    """A request. `files` receives what came open with it. Raises EOFError for none, OSError, ValueError, KeyError."""
    connection.settimeout(REQUEST_SECONDS)
    message, received, _, _ = socket.recv_fds(connection, MAX_BYTES, MAX_FILES)
    if not message:
        raise EOFError
    for file in received:
        files.append(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, PARKING))
        os.close(file)
    wanted = json.loads(message)
    places = dict(zip((1, *wanted["descriptors"]), files, strict=True))
    return Start(wanted["name"], wanted["arguments"], wanted["environment"], places)


def fork(connection: socket.socket) -> bool:
    """True in the new part. Its parent ends before its number is told, so that it is the child of `up` by then."""
    reader, writer = os.pipe()
    between = os.fork()
    if not between:
        part = os.fork()
        os.close(reader)
        if part:
            os.write(writer, str(part).encode())
            os._exit(0)
        os.close(writer)
        return True
    os.close(writer)
    with open(reader) as told:
        part = int(told.read())
    os.waitpid(between, 0)
    connection.send(json.dumps({"pid": part}).encode())
    return False


def become(start: Start, connection: socket.socket, up: int) -> None:
    """Wait for GO, then be what `python ARGUMENTS` would be that was started by `up`; the kernel ends it with `up`."""
    connection.settimeout(GO_SECONDS)
    is_wanted = connection.recv(len(GO)) == GO  # sent to whoever was told the number
    connection.close()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if not is_wanted or os.getppid() != up:
        os._exit(1)
    os.setsid()
    for place, file in start.files.items():
        os.dup2(file, place, inheritable=place == 1)
        os.close(file)
    os.dup2(1, 2)
    os.environ.update(start.environment)
    Path("/proc/self/comm").write_text(start.name)


def run(arguments: Sequence[str]) -> None:
    """What `python` does with its arguments: `-m MODULE …` or `FILE …`."""
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(arguments)
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
