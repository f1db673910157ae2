"""An instance that tries the ways out when asked: `python -m tools.escape.serve`; the aim is the request's body."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from tools.escape.attempt import Aim
from tools.escape.probe import probe, report


class Handler(BaseHTTPRequestHandler):
    """POST tries, anything else says that it is there."""

    def do_POST(self) -> None:
        """The body is an aim as JSON; so is the answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(report(probe(Aim(**json.loads(body)))).encode())

    def do_GET(self) -> None:
        """For warm-ups."""
        self._answer(b"ready\n")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """One request at a time."""
    HTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
