"""A web site without a build that can be asked in every way the prober asks. Python's library only."""

import base64
import hashlib
import os
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = (Path(__file__).parent / "VERSION").read_text().strip()
SLOT = os.environ.get("SLOT_MARK", "")
INSTANCE = os.urandom(4).hex()
WARMUPS: list[float] = []
VISITED: list[float] = []
KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CHUNKS = [f"{VERSION} chunk {number}\n".encode() for number in range(10)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        (WARMUPS if self.headers.get("User-Agent") == "SiteWarmup" else VISITED).append(time.monotonic())
        self.note()
        match self.path.split("?", 1)[0]:
            case "/ws":
                self.talk()
            case "/stream":
                self.stream()
            case "/fails":
                self.send_error(500)
            case "/slow":
                time.sleep(2)
                self.say(b"slow\n")
            case "/warmups":
                warm = [moment for moment in WARMUPS if moment <= VISITED[0]]
                self.say(f"{INSTANCE} {len(WARMUPS)} {len(warm)}\n".encode())
            case _:
                self.say(f"version {VERSION} {self.path}\n".encode())

    def do_POST(self) -> None:
        self.note()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.say(hashlib.sha256(body).hexdigest().encode())

    def note(self) -> None:
        """Write down when which request began: what a killed process held is what no other process has noted."""
        os.write(1, f"began {time.monotonic():.6f} {self.headers['User-Agent']}\n".encode())

    def say(self, body: bytes) -> None:
        self.head(hashlib.sha256(body).hexdigest(), {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def stream(self) -> None:
        self.head(hashlib.sha256(b"".join(CHUNKS)).hexdigest(), {"Transfer-Encoding": "chunked"})
        for chunk in CHUNKS:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
            time.sleep(0.1)
        self.wfile.write(b"0\r\n\r\n")

    def head(self, checksum: str, more: dict[str, str]) -> None:
        self.send_response(200)
        marks = {"X-Version": VERSION, "X-Slot": SLOT, "X-Body-Sha256": checksum, "Content-Type": "text/plain"}
        for name, value in {**marks, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def talk(self) -> None:
        """A WebSocket of short texts (RFC 6455), until the other side closes it."""
        accept = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + KEY).digest())  # noqa: S324
        self.send_response(101)
        for name, value in {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": accept.decode(),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        while True:
            code, text = self.frame()
            if code == 8:
                self.wfile.write(bytes([0x88, len(text)]) + text)
                return
            answer = f"{VERSION} {SLOT} ".encode() + text
            self.wfile.write(bytes([0x81, len(answer)]) + answer)
            self.wfile.flush()

    def frame(self) -> tuple[int, bytes]:
        first, second = struct.unpack("!BB", self.rfile.read(2))
        mask = self.rfile.read(4)
        body = self.rfile.read(second & 0x7F)
        return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(body))

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 256
    open: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: object) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error of the site."""


if __name__ == "__main__":
    sys.stdout.write(f"version {VERSION} starts in slot '{SLOT}'\n")
    sys.stdout.flush()
    server = Server(("0.0.0.0", int(os.environ["PORT"])), Handler)  # noqa: S104
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    with server:
        server.serve_forever(poll_interval=0.1)
