"""A static site beside nginx with the same files: requests per second in turns, and the memory of its instance."""

import io
import socket
import statistics
import subprocess
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sites.models import Slot
from sites.runtime.agent.identity import parent_of
from tools.bench.costs import pss_mb
from tools.bench.nginx import START_SECONDS, NotAvailable, program
from tools.demo.installation import free_port

FILES = 50
FILE_BYTES = 4096
DEPTH = 16
"""Requests that are sent at once, so that the server is measured and not the client."""
CONFIGURATION = """
user root;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    types {{ text/html html; }}
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        add_header Cache-Control no-cache;
    }}
}}
"""

Place = tuple[str, int]


def pages() -> dict[str, str]:
    """Name → content of the pages that are asked for."""
    return {f"page{number}.html": "x" * FILE_BYTES for number in range(FILES)}


def archive() -> bytes:
    """A static site with those pages, as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as found:
        for name, text in {"index.html": "bench", **pages()}.items():
            found.writestr(name, text)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Beside:
    """What was measured."""

    ours: list[float]
    nginx: list[float]

    @property
    def ratio(self) -> float:
        """The median of the rounds, each ours ÷ nginx."""
        return statistics.median(one / other for one, other in zip(self.ours, self.nginx, strict=True))


def beside_nginx(place: Place, folder: Path, rounds: int, seconds: float) -> Beside:
    """Ask the instance at `place` and nginx in turns. Raises NotAvailable, OSError."""
    port = free_port()
    root = folder / "files"
    root.mkdir(parents=True)
    for name, text in pages().items():
        (root / name).write_text(text)
    nginx = program(folder)
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port, root=root))
    found = Beside([], [])
    process = subprocess.Popen([nginx, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        for _ in range(rounds):
            found.ours.append(requests_per_second(place, seconds))
            found.nginx.append(requests_per_second(("127.0.0.1", port), seconds))
    finally:
        process.terminate()
        process.wait()
    return found


def requests_per_second(place: Place, seconds: float) -> float:
    """How many pages a server sends over one connection that is kept busy. Raises OSError."""
    names = list(pages())
    asked = [names[number % FILES] for number in range(DEPTH)]
    request = b"".join(f"GET /{name} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for name in asked)
    with socket.create_connection(place, timeout=10) as connection:
        size = sum(_size_of_answer(connection, name) for name in asked)
        count, began = 0, time.perf_counter()
        while time.perf_counter() < began + seconds:
            connection.sendall(request)
            _read(connection, size)
            count += DEPTH
        return count / (time.perf_counter() - began)


def _size_of_answer(connection: socket.socket, name: str) -> int:
    """Bytes of head and body together, of which the head is not as long for every page."""
    connection.sendall(f"GET /{name} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head = answer.index(b"\r\n\r\n") + 4
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise OSError(f"the server answered {answer[:60]!r}")
    _read(connection, head + FILE_BYTES - len(answer))
    return head + FILE_BYTES


def _read(connection: socket.socket, size: int) -> None:
    while size > 0:
        data = connection.recv(min(size, 1 << 20))
        if not data:
            raise OSError("the server closed the connection")
        size -= len(data)


def _wait_for(port: int) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError as error:
            if time.monotonic() > ends_at:
                raise NotAvailable("nginx did not start.") from error
            time.sleep(0.05)


def instance_mb(slot: Slot) -> float | None:
    """Memory of one instance by its share of pages (PSS): the server, and the sandbox around it. None: not seen."""
    mark = f"WEBSITE_SITE_NAME={slot.site.name}".encode()
    inside = [pid for pid in _processes() if _is(pid, "lighttpd") and mark in _environment(pid)]
    if not inside:
        return None
    return sum(pss_mb(pid) for pid in _with_sandbox(inside[0], parent_of))


def _with_sandbox(pid: int, parent: Callable[[int], int | None]) -> Sequence[int]:
    """The process, and those of bubblewrap above it."""
    found = [pid]
    while (above := parent(found[-1])) is not None and _is(above, "bwrap"):
        found.append(above)
    return found


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _is(pid: int, name: str) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == name
    except OSError:
        return False


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
