"""The sample web site: a page that shows its version and watches itself being swapped. Python's library only."""

import json
import os
import signal
import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

FOLDER = Path(__file__).resolve().parent
VERSION = json.loads((FOLDER / "version.json").read_text())
PAGE = (FOLDER / "static" / "index.html").read_text()
for name, value in VERSION.items():
    PAGE = PAGE.replace(f"{{{name}}}", value)

ANSWERS = {
    "/": ("text/html; charset=utf-8", PAGE.encode()),
    "/hello.css": ("text/css; charset=utf-8", (FOLDER / "static" / "hello.css").read_bytes()),
    "/hello.js": ("text/javascript; charset=utf-8", (FOLDER / "static" / "hello.js").read_bytes()),
    "/version": ("application/json", json.dumps(VERSION).encode()),
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src data:; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Version": VERSION["version"],
}


class Handler(BaseHTTPRequestHandler):
    """Answers from memory; connections are kept open."""

    protocol_version = "HTTP/1.1"
    server_version = "hello"
    sys_version = ""
    wbufsize = -1  # headers and body leave in one piece
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.answer(has_body=True)

    def do_HEAD(self) -> None:
        self.answer(has_body=False)

    def answer(self, *, has_body: bool) -> None:
        found = ANSWERS.get(self.path.split("?", 1)[0])
        status = HTTPStatus.OK if found else HTTPStatus.NOT_FOUND
        kind, body = found or ("text/plain; charset=utf-8", b"There is nothing at this address.\n")
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if has_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Ten requests a second of every visitor would drown the log."""


class Server(ThreadingHTTPServer):
    """Ends without cutting a request: connections are told that nothing more is read from them."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int]) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(address, Handler)

    def process_request(self, request: socket.socket, client_address: object) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in list(self.connections):
            with suppress(OSError):  # gone by itself meanwhile
                connection.shutdown(socket.SHUT_RD)
        super().server_close()


def main() -> None:
    """Serve on $PORT until SIGTERM."""
    server = Server(("0.0.0.0", int(os.environ.get("PORT", "8000"))))  # noqa: S104  the network is its own

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with server:
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
