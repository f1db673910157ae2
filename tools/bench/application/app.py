"""The application that is measured: Python's library only, answers from memory, says its version and slot."""

import hashlib
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

VERSION = (Path(__file__).resolve().parent / "VERSION").read_text().strip()
SLOT = os.environ.get("SLOT_MARK", "")
PAGE = f"<!doctype html><title>Version {VERSION}</title>{'<p>The same words again.</p>' * 80}".encode()


class Handler(BaseHTTPRequestHandler):
    """A page, and the checksum of what was sent; connections are kept open."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave in one piece
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.answer(PAGE)

    def do_POST(self) -> None:
        received = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(hashlib.sha256(received).hexdigest().encode())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(body)),
            "X-Version": VERSION,
            "X-Slot": SLOT,
            "X-Body-Sha256": hashlib.sha256(body).hexdigest(),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Hundreds of requests a second would drown the log."""


class Server(ThreadingHTTPServer):
    """A thread per connection; ends when it is told to, since the router has let go of it by then."""

    daemon_threads = True
    request_queue_size = 256


def main() -> None:
    """Serve on $PORT until SIGTERM."""
    server = Server(("0.0.0.0", int(os.environ.get("PORT", "8000"))), Handler)  # noqa: S104  the network is its own

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    with server:
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
