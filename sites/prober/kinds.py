"""The kinds of clients that a load is made of, and what each asks of the demo's applications.

An application that is to be probed answers
  GET  /               a page whose sha256 stands in X-Checksum
  POST /echo           a page with the sha256 of the body it was sent
  GET  /slow?seconds=N a page after N seconds
  GET  /stream         lines, the last of which is the sha256 of those before
  GET  /ws             a WebSocket that answers each text with JSON: echo, version, slot
and says X-Version and X-Slot with each answer.
"""

import hashlib
import os
from collections.abc import Callable

from sites.prober.client import Exam, HttpClient
from sites.prober.http import Answer, Call

BODY_SIZE = 64 * 1024
SLOW_SECONDS = 2.0
UPLOAD_PIECES = 16
UPLOAD_PAUSE_SECONDS = 0.1

Address = tuple[str, int]


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def check_page(answer: Answer) -> str:
    """The body is the one whose checksum the application sent along."""
    if answer.header("x-checksum") != sha256(answer.body):
        return f"{len(answer.body)} bytes do not have the checksum '{answer.header('x-checksum')}'"
    return ""


def check_echo(body: bytes) -> Callable[[Answer], str]:
    """The application saw every byte that was sent."""
    wanted = sha256(body)

    def check(answer: Answer) -> str:
        return (
            ""
            if wanted in answer.body.decode("latin-1")
            else f"the checksum of the body sent is not in {answer.body[:100]!r}"
        )

    return check


def check_stream(answer: Answer) -> str:
    """All lines arrived, in order: the last one is the checksum of the others."""
    lines, _, last = answer.body.rstrip(b"\n").rpartition(b"\n")
    if not lines or last.decode("latin-1") != sha256(lines + b"\n"):
        return f"a stream of {len(answer.body)} bytes does not end with its checksum"
    return ""


def keep_alive(name: str, address: Address, hosts: tuple[str, ...], *, pause_seconds: float = 0.02) -> HttpClient:
    """GET on one connection, alternating the host names: both must change in one step."""
    return HttpClient(
        name,
        "keep-alive",
        address,
        lambda number: Exam(Call(hosts[number % len(hosts)], "/"), check_page),
        pause_seconds=pause_seconds,
    )


def connection_per_request(name: str, address: Address, hosts: tuple[str, ...]) -> HttpClient:
    """GET on a new connection each time: reaches every worker of the router."""
    return HttpClient(
        name,
        "connection per request",
        address,
        lambda number: Exam(Call(hosts[number % len(hosts)], "/", headers={"Connection": "close"}), check_page),
        pause_seconds=0.03,
        keeps_alive=False,
    )


def post(
    name: str, address: Address, hosts: tuple[str, ...], *, kind: str = "POST 64 KiB", pieces: int = 1
) -> HttpClient:
    """POST of random bytes, of which the checksum must come back."""

    def choose(number: int) -> Exam:
        body = os.urandom(BODY_SIZE)
        call = Call(
            hosts[number % len(hosts)],
            "/echo",
            method="POST",
            headers={"Content-Type": "application/octet-stream"},
            body=body,
            pieces=pieces,
            pause_seconds=UPLOAD_PAUSE_SECONDS,
        )
        return Exam(call, check_echo(body))

    return HttpClient(name, kind, address, choose, pause_seconds=0.05)


def trickled_upload(name: str, address: Address, hosts: tuple[str, ...]) -> HttpClient:
    """The same body, sent over more than a second, so that swaps fall into it."""
    return post(name, address, hosts, kind="trickled upload", pieces=UPLOAD_PIECES)


def slow(name: str, address: Address, hosts: tuple[str, ...]) -> HttpClient:
    """Requests that take two seconds."""
    path = f"/slow?seconds={SLOW_SECONDS:g}"
    return HttpClient(
        name, "2 s request", address, lambda number: Exam(Call(hosts[number % len(hosts)], path), check_page)
    )


def streaming(name: str, address: Address, hosts: tuple[str, ...]) -> HttpClient:
    """Answers that arrive in chunks over a while."""
    return HttpClient(
        name, "streaming", address, lambda number: Exam(Call(hosts[number % len(hosts)], "/stream"), check_stream)
    )
