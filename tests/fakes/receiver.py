"""A receiver of webhooks on this machine: it answers as it is told, and keeps what it was sent."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


@dataclass
class Receiver:
    """`answers` are given one after the other, and the last one for ever."""

    answers: list[tuple[int, str]] = field(default_factory=lambda: [(200, "thank you")])
    received: list[Received] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Of every answer."""
    port: int = 0
    has_come: threading.Condition = field(default_factory=threading.Condition)

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/hook") -> str:
        return f"http://{self.authority}{path}"

    def wait(self, count: int = 1, seconds: float = 60) -> Sequence[Received]:
        """What was sent, once there are so many."""
        with self.has_come:
            assert self.has_come.wait_for(lambda: len(self.received) >= count, seconds), "nothing has come"
            return list(self.received)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """On a free port of 127.0.0.1."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(b"")

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        def answer(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            with told.has_come:
                status, text = told.answers[min(len(told.received), len(told.answers) - 1)]
                told.received.append(Received(self.path, headers, body))
                told.has_come.notify_all()
            self.send_response(status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode("utf-8", "surrogateescape"))

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
