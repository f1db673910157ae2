"""A request to an instance of a site, which may answer as slowly as it likes and hold nobody up."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection


@contextmanager
def connected(connection: HTTPConnection, seconds: float) -> Iterator[threading.Event]:
    """Connect, and have the connection end after so long; the event then is set. Raises OSError.

    A timeout of the socket alone begins again with every byte: an answer that trickles would last for ever.
    """
    is_over = threading.Event()
    ends = time.monotonic() + seconds
    try:
        connection.connect()
        clock = threading.Timer(max(0.0, ends - time.monotonic()), _cut, (connection.sock, is_over))
        clock.start()
        try:
            yield is_over
        finally:
            clock.cancel()
    finally:
        connection.close()


def _cut(connection: socket.socket, is_over: threading.Event) -> None:
    """Have whoever reads from the connection find its end."""
    is_over.set()
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
