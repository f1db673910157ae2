"""A Greenroom of its own: a temporary data folder, a free port and an `up` in a session of its own."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
START_SECONDS = 180.0
STOP_SECONDS = 90.0
FOREIGN = (
    "DATABASE_URL",
    "REDIS_URL",
    "GREENROOM_SUFFIX",
    "GREENROOM_PORTAL_HOST",
    "GREENROOM_ROUTER",
    "GREENROOM_RUNTIME",
)
"""What would lead out of the temporary folder, or to another address."""


class NotStarted(Exception):
    """`up` ended, or did not become healthy in time; the text holds the last lines of its log."""


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Installation:
    """One temporary installation."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        """`variables` are set in its environment."""
        self._variables = variables or {}
        self.folder = Path(tempfile.mkdtemp(prefix="greenroom-demo-"))
        self.port = free_port()
        self.log = self.folder / "up.log"
        self._up: subprocess.Popen | None = None

    @property
    def environment(self) -> dict[str, str]:
        """For every command that is to work on this installation."""
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return {
            **kept,
            **self._variables,
            "GREENROOM_DATA": str(self.folder / "data"),
            "GREENROOM_PORT": str(self.port),
            "GREENROOM_LISTEN": "127.0.0.1",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }

    def start(self) -> float:
        """Start `up` and return the seconds until every part was healthy. Raises NotStarted."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, str(MANAGE), "up"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the demonstration, which then stops it in order
            )
        while not self._is_healthy():
            if self._up.poll() is not None or time.monotonic() - began > START_SECONDS:
                raise NotStarted("\n".join(self.log.read_text(errors="replace").splitlines()[-20:]))
            time.sleep(0.03)
        return time.monotonic() - began

    def run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess:
        """Run Python on this installation, with our own input and output."""
        return subprocess.run([sys.executable, *arguments], env=self.environment, cwd=MANAGE.parent)

    def ask(self, arguments: Sequence[str]) -> str:
        """What a command of manage.py prints about this installation."""
        command = [sys.executable, str(MANAGE), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout.strip()

    def wait(self) -> None:
        """Until `up` ends by itself."""
        if self._up:
            self._up.wait()

    def stop(self) -> None:
        """Stop everything in order and remove the folder."""
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def end(self) -> None:
        """Stop everything in order; it can be started again."""
        if self._up and self._up.poll() is None:
            self._up.send_signal(signal.SIGINT)
            try:
                self._up.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._up.kill()
                self._up.wait()

    def _is_healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz", headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
