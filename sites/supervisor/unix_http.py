"""Short questions by HTTP over a unix socket; without a client library, whose set-up costs more than the question."""

import http.client
import json
import socket
from pathlib import Path


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to a unix socket."""

    def __init__(self, path: Path, *, host: str = "localhost", timeout: float = 1.0) -> None:
        super().__init__(host, timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket; OSError when nobody listens."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(
    path: Path,
    target: str,
    *,
    method: str = "GET",
    data: object = None,
    host: str = "localhost",
    timeout: float = 1.0,
) -> tuple[int, bytes]:
    """Status and body of one request. Raises OSError or http.client.HTTPException when there is no answer."""
    connection = UnixConnection(path, host=host, timeout=timeout)
    body = None if data is None else json.dumps(data).encode()
    try:
        connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
