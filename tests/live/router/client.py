"""A visitor who asks without a pause and never tries twice."""

import http.client
import json
import threading
import time


class Client(threading.Thread):
    """Asks for one host name without a pause over one kept-alive connection, and never retries."""

    def __init__(self, port: int, host: str) -> None:
        super().__init__()
        self._port, self._host = port, host
        self._ended = threading.Event()
        self.answers: list[tuple[float, float, str]] = []
        """(sent at, ended at, label)"""
        self.failures: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._ended.is_set():
            sent_at = time.monotonic()
            try:
                connection.request("POST" if len(self.answers) % 3 else "GET", "/", b"x" * 100, self.headers())
                response = connection.getresponse()
                label = self.label(response.status, response.read())
                self.answers.append((sent_at, time.monotonic(), label))
            except (OSError, http.client.HTTPException, AssertionError, ValueError) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()

    def headers(self) -> dict[str, str]:
        """Of each request."""
        return {"Host": self._host}

    def label(self, status: int, body: bytes) -> str:
        """Who has answered. Raises AssertionError for what is no answer of an instance."""
        assert status == 200, status
        return str(json.loads(body)["label"])

    def stop(self) -> None:
        """End after the present request."""
        self._ended.set()
        self.join()
