"""A package index of the bench's own, where builds reach it: packages that it makes itself, the same each time."""

import contextlib
import hashlib
import http.client
import http.server
import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from sites.runtime.agent.links import remove, run_ip

PACKAGES = 40
MODULES = 40
"""Of each package; together they are as large as Django with what it needs."""
LINES = 60
NAMESPACE = "grbench"
HERE, THERE = "198.51.100.5", "198.51.100.6"
"""Addresses that nobody has (RFC 5737): of this machine, and of the index."""
PORT = 8080
START_SECONDS = 20.0


def requirements() -> str:
    """All packages, pinned, for requirements.txt."""
    return "".join(f"bench-{number}==1.0\n" for number in range(PACKAGES))


def variables(address: str) -> dict[str, str]:
    """By which an installation's builds take packages from this index alone."""
    return {"PIP_INDEX_URL": address, "UV_DEFAULT_INDEX": address, "PIP_EXTRA_INDEX_URL": "", "UV_INDEX": ""}


def write(folder: Path) -> None:
    """The index as files: a page for each package, and its wheel."""
    for number in range(PACKAGES):
        place = folder / "simple" / f"bench-{number}"
        place.mkdir(parents=True)
        name = f"bench_{number}-1.0-py3-none-any.whl"
        data = _wheel(number)
        (place / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        (place / "index.html").write_text(f'<!DOCTYPE html><a href="{name}#sha256={digest}">{name}</a>')


def _wheel(number: int) -> bytes:
    module = "".join(f"def function_{line}(value):\n    return value + {line}\n" for line in range(LINES))
    info = f"bench_{number}-1.0.dist-info"
    files = {f"bench_{number}/m{one}.py": module for one in range(MODULES)} | {
        f"bench_{number}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: bench-{number}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in (*files.items(), (f"{info}/RECORD", record)):
            archive.writestr(path, text)
    return buffer.getvalue()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Meanwhile the index in that folder answers at the address that is returned.

    Builds of root's installations have a network of their own and reach no service of this machine. So the index
    answers from a network namespace beyond it.
    """
    if os.geteuid() != 0:
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/simple/"
            server.shutdown()
        return
    remove(NAMESPACE)
    try:
        run_ip("netns", "add", NAMESPACE)
        run_ip("link", "add", NAMESPACE, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
        run_ip(batch=[f"address add {HERE}/30 dev {NAMESPACE}", f"link set {NAMESPACE} up"])
        inside = ["link set lo up", f"address add {THERE}/30 dev eth0", "link set eth0 up"]
        run_ip("-n", NAMESPACE, batch=[*inside, f"route add default via {HERE}"])
        Path(f"/proc/sys/net/ipv4/conf/{NAMESPACE}/forwarding").write_text("1")
        line = ["ip", "netns", "exec", NAMESPACE, sys.executable, "-m", "http.server", str(PORT), "--bind", THERE]
        with subprocess.Popen(
            [*line, "--directory", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as one:
            try:
                _wait(THERE, PORT)
                yield f"http://{THERE}:{PORT}/simple/"
            finally:
                one.kill()
    finally:
        remove(NAMESPACE)


def _handler(folder: Path) -> type[http.server.SimpleHTTPRequestHandler]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _wait(address: str, port: int) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while True:
        connection = http.client.HTTPConnection(address, port, timeout=1)
        try:
            connection.request("GET", "/simple/bench-0/")
            return
        except OSError:
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.05)
        finally:
            connection.close()
