"""Where a request ends is never in doubt: what two servers could read differently is refused (RFC 9112, section 6)."""

import socket

import pytest

from tests.live.router.rig import PRODUCTION, Rig

pytestmark = pytest.mark.live

HEAD = f"POST / HTTP/1.1\r\nHost: {PRODUCTION}\r\n"
SECOND = f"GET /smuggled HTTP/1.1\r\nHost: {PRODUCTION}\r\n\r\n"


def answers(rig: Rig, request: str) -> bytes:
    """Everything that comes back until the connection is silent or closed."""
    with socket.create_connection(("127.0.0.1", rig.port), 5) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.settimeout(1)
        found = b""
        try:
            while part := connection.recv(65536):
                found += part
        except TimeoutError:
            pass
        return found


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "Content-Length: 5, 6\r\n\r\nabcdef",
        "Content-Length: +5\r\n\r\nabcde",
        "Content-Length: -1\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_a_request_of_doubtful_length_is_refused_with_all_that_follows(running: Rig, headers: str) -> None:
    found = answers(running, HEAD + headers + SECOND)
    assert found.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")) or found == b"", found[:200]
    assert b"smuggled" not in found


def test_an_ordinary_request_and_the_next_one_are_both_answered(running: Rig) -> None:
    found = answers(running, HEAD + "Content-Length: 5\r\n\r\nabcde" + SECOND)
    assert found.count(b"HTTP/1.1 200") == 2 and b"/smuggled" in found
