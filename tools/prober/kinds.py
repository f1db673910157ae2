"""The kinds of clients that a load is made of, and what each asks of the demonstration's applications.

An application that is to be probed says X-Version, X-Slot and the checksum of its body as X-Body-Sha256 with each
answer, and answers
  GET  /        a page
  POST /echo    a page with the sha256 of the body that it was sent
  GET  /slow    a page after two seconds
  GET  /stream  a page in chunks
  GET  /ws      a WebSocket that answers each text with 'VERSION SLOT TEXT'
"""

import hashlib
import os
from collections.abc import Callable

from tools.prober.client import Exam, HttpClient
from tools.prober.http import Answer, Call, Wire

BODY_SIZE = 64 * 1024
UPLOAD_PIECES = 16
UPLOAD_PAUSE_SECONDS = 0.1

Address = tuple[str, int]


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def check_page(answer: Answer) -> str:
    """The body is the one whose checksum the application sent along."""
    said = answer.header("x-body-sha256")
    return "" if said == sha256(answer.body) else f"{len(answer.body)} bytes do not have the checksum '{said}'"


def check_echo(body: bytes) -> Callable[[Answer], str]:
    """The application saw every byte that was sent, and its answer is whole too."""
    wanted = sha256(body).encode()

    def check(answer: Answer) -> str:
        if wanted not in answer.body:
            return f"the checksum of the body that was sent is not in {answer.body[:100]!r}"
        return check_page(answer)

    return check


def keep_alive(
    name: str,
    address: Address,
    hosts: tuple[str, ...],
    *,
    pause_seconds: float = 0.02,
    kind: str = "keep-alive",
    wire: Wire | None = None,
) -> HttpClient:
    """GET on one connection, alternating the host names: both must change in one step."""
    return HttpClient(
        name,
        kind,
        address,
        lambda number: Exam(Call(hosts[number % len(hosts)], "/"), check_page),
        pause_seconds=pause_seconds,
        wire=wire,
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
    name: str,
    address: Address,
    hosts: tuple[str, ...],
    *,
    kind: str = "POST 64 KiB",
    pieces: int = 1,
    wire: Wire | None = None,
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

    return HttpClient(name, kind, address, choose, pause_seconds=0.05, wire=wire)


def trickled_upload(name: str, address: Address, hosts: tuple[str, ...]) -> HttpClient:
    """The same body, sent over more than a second, so that swaps fall into it."""
    return post(name, address, hosts, kind="trickled upload", pieces=UPLOAD_PIECES)


def slow(name: str, address: Address, hosts: tuple[str, ...]) -> HttpClient:
    """Requests that take two seconds."""
    return HttpClient(
        name, "2 s request", address, lambda number: Exam(Call(hosts[number % len(hosts)], "/slow"), check_page)
    )


def streaming(name: str, address: Address, hosts: tuple[str, ...]) -> HttpClient:
    """Answers that arrive in chunks over a while."""
    return HttpClient(
        name, "streaming", address, lambda number: Exam(Call(hosts[number % len(hosts)], "/stream"), check_page)
    )
