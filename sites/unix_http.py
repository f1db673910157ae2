"""Short questions by HTTP over a unix socket; without a client library, whose set-up costs more than the question."""

import http.client
import json
import socket
import struct
from contextlib import closing
from pathlib import Path


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to a unix socket."""

    def __init__(self, path: Path, *, host: str = "localhost", timeout: float | None = 1.0) -> None:
        """`timeout` is in seconds, for each wait; None: as long as it takes."""
        super().__init__(host, timeout=timeout)
        self._path, self._timeout = path, timeout

    def connect(self) -> None:
        """Raises OSError when nobody listens; leaves no socket open then."""
        end = socket.socket(socket.AF_UNIX)
        try:
            end.settimeout(self._timeout)
            end.connect(str(self._path))
        except OSError:
            end.close()
            raise
        self.sock = end

    def peer(self) -> int:
        """Id of the process that listens at the other end of this connection."""
        pid, _, _ = struct.unpack("3i", self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(pid)


def ask(
    path: Path,
    target: str,
    *,
    method: str = "GET",
    data: object = None,
    host: str = "localhost",
    timeout: float | None = 1.0,
) -> tuple[int, bytes]:
    """Status and body of one request; `data` is sent as JSON, None: nothing.

    One connection per request: one that is kept would fail its first request after a restart of the other side, and
    would not survive a fork. Raises OSError or http.client.HTTPException when there is no answer.
    """
    body = None if data is None else json.dumps(data)
    with closing(UnixConnection(path, host=host, timeout=timeout)) as connection:
        connection.request(method, target, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
