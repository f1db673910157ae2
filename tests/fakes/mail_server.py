"""A mail server that keeps what it is given (RFC 5321, as far as a client that sends goes)."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer(socketserver.ThreadingTCPServer):
    """On a port of its own, at 127.0.0.1."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages: list[EmailMessage] = []
        self.has_come = threading.Condition()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def wait(self, count: int = 1, seconds: float = 30) -> EmailMessage:
        """The newest message, once there are `count`."""
        with self.has_come:
            assert self.has_come.wait_for(lambda: len(self.messages) >= count, seconds), "no mail has come"
            return self.messages[-1]


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.say("220 ready")
        for line in self.rfile:
            command = line[:4].upper()
            if command == b"DATA":
                self.say("354 go on")
                self.take()
            if command == b"QUIT":
                return self.say("221 bye")
            self.say("250 ok")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        with self.server.has_come:
            self.server.messages.append(message)  # type: ignore[arg-type]
            self.server.has_come.notify_all()


@contextmanager
def running() -> Iterator[MailServer]:
    """Within it the server takes mails."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
