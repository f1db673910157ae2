"""A host of git repositories for tests: git's own http-backend behind a small HTTP server, on an address of its own."""

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class GitHost(ThreadingHTTPServer):
    """Serves the repositories in a folder; `NAME.git` is the bare repository of that name."""

    daemon_threads = True

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), Handler)
        self.folder = folder
        self.credentials = ""
        """'user:password' that clients have to show; empty: none."""
        self.redirect = ""
        """To which everybody is sent; empty: nowhere."""
        self.asked: list[str] = []
        """The lines of requests."""
        self.shown: list[str] = []
        """The credentials that clients showed."""

    @property
    def authority(self) -> str:
        """Address and port."""
        return f"{self.server_address[0]}:{self.server_address[1]}"

    def url(self, name: str) -> str:
        """Of a repository."""
        return f"http://{self.authority}/{name}.git"


class Handler(BaseHTTPRequestHandler):
    """One request, answered by git http-backend (CGI)."""

    server: GitHost

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Nothing to stderr."""

    def _serve(self) -> None:
        host = self.server
        host.asked.append(self.requestline)
        shown = self.headers.get("Authorization", "").removeprefix("Basic ")
        if shown:
            host.shown.append(base64.b64decode(shown).decode())
        if host.redirect:
            self._answer(302, {"Location": host.redirect})
        elif host.credentials and base64.b64decode(shown).decode() != host.credentials:
            self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            self._run()

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _run(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self._answer(int(headers.pop("Status", "200").split()[0]), headers, answer)


@contextmanager
def git_host(folder: Path, address: str = "127.0.0.1") -> Iterator[GitHost]:
    """Meanwhile the repositories in the folder are served."""
    with GitHost(folder, address) as host:
        serving = threading.Thread(target=host.serve_forever)
        serving.start()
        try:
            yield host
        finally:
            host.shutdown()
            serving.join()


if __name__ == "__main__":
    with GitHost(Path(sys.argv[1]), sys.argv[2]) as one:
        sys.stdout.write(f"{one.authority}\n")
        sys.stdout.flush()
        one.serve_forever()
