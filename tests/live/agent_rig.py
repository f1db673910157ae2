"""An agent with real processes, as the live tests use it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from sites.errors import RuntimeUnreachable
from sites.runtime.process import ProcessRuntime
from sites.runtime.spec import InstanceState, InstanceStatus, RevisionSpec, RunSpec, RunState

APP = """
import http.server, os, signal, sys, threading, time
def end(*_):
    print("told to end", flush=True)
    if not os.environ.get("STUBBORN"):
        print("drained", flush=True)
        os._exit(0)
signal.signal(signal.SIGTERM, end)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/exit/"):
            os._exit(int(self.path.rpartition("/")[2]))
        if self.path.startswith("/use/"):
            self.server.held = b"x" * (int(self.path.rpartition("/")[2]) << 20)
        if self.path.startswith("/sleep/"):
            time.sleep(float(self.path.rpartition("/")[2]))
        body = f"{os.environ['WEBSITE_INSTANCE_ID']} {os.environ.get('VERSION', '')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
print("started", flush=True)
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def wait_until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true answer; an AssertionError names the condition when it does not come in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {condition}")


class Agent:
    """An agent of its own in a temporary folder."""

    def __init__(self, folder: Path, *, prefix: tuple[str, ...] = (), python: str = sys.executable) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.socket = folder / "agent.sock"
        self._prefix = prefix
        self._python = python
        self.app = folder / "app"
        self.app.mkdir()
        (self.app / "app.py").write_text(APP)
        self.options: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        with override_settings(AGENT_SOCKET=self.socket):
            self.runtime = ProcessRuntime()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        line = [*self._prefix, self._python, "-m", "sites.runtime.agent"]
        line += ["--state", str(self.state), "--socket", str(self.socket), *self.options]
        paths = [str(django_settings.BASE_DIR), *(path for path in sys.path if path.endswith("site-packages"))]
        with (self.folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(
                line, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": ":".join(paths)}
            )
        try:
            wait_until(self.answers)
        except BaseException:
            self.kill()  # a later test would be blamed for what is left running
            raise

    def answers(self) -> bool:
        """Ready, or ended, which is an error here."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "agent.log").read_text()
        try:
            self.runtime.status()
        except RuntimeUnreachable:
            return False
        return True

    def kill(self) -> None:
        """As if the machine had taken it away."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Ends it with all its instances."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.start()
        self.runtime.shut_down(with_instances=True)
        self.process.wait(10)

    def spec(self, revision_id: int, count: int = 1, **changes: Any) -> RevisionSpec:
        """A revision that runs APP."""
        given: dict[str, Any] = {
            "generation": 1,
            "owner": revision_id,
            "name": f"site{revision_id}",
            "app": str(self.app),
            "command": ("/usr/bin/python3", "app.py"),
            "env": {},
            "grace_seconds": 5.0,
        }
        return RevisionSpec(revision_id=revision_id, count=count, **(given | changes))

    def running(self, revision_id: int, count: int) -> list[InstanceStatus]:
        """All instances of the revision, once that many run and no others are there."""

        def found() -> list[InstanceStatus]:
            there = self.runtime.observe([revision_id])
            all_run = len(there) == count and all(item.state is InstanceState.RUNNING for item in there)
            return there if all_run else []

        return list(wait_until(found))

    def serve(self, revision_id: int, count: int = 1, **changes: Any) -> list[InstanceStatus]:
        """Orders a revision and waits until it runs."""
        self.runtime.apply(self.spec(revision_id, count, **changes))
        return self.running(revision_id, count)

    def stop(self, revision_id: int, generation: int = 1000) -> None:
        """Orders its end and waits for that."""
        self.runtime.apply(self.spec(revision_id, 0, generation=generation))
        wait_until(lambda: not self.runtime.observe([revision_id]))

    def record(self, revision_id: int, ordinal: int = 0) -> dict[str, Any]:
        """What the agent wrote down of an instance."""
        return dict(json.loads((self.state / "revisions" / str(revision_id) / str(ordinal) / "run.json").read_text()))

    def run(self, spec: RunSpec) -> int:
        """Runs a command to its end; its exit code."""
        self.runtime.start_run(spec)
        wait_until(lambda: self.runtime.observe_run(spec.run_id).state is RunState.ENDED, 60)
        code = self.runtime.observe_run(spec.run_id).exit_code
        assert code is not None
        return code


@contextmanager
def running_agent(*options: str, prefix: tuple[str, ...] = ()) -> Iterator[Agent]:
    """An agent in a temporary folder, ended with its instances."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        agent = Agent(Path(folder), prefix=prefix)
        agent.options += options
        try:
            agent.start()
            yield agent
        finally:
            agent.close()


def get(instance: InstanceStatus, path: str = "/") -> str:
    """What an instance answers."""
    return httpx.get(f"http://{instance.address}:{instance.port}{path}", timeout=10, trust_env=False).text


def ask_to_end(instance: InstanceStatus, code: int) -> None:
    """The instance ends by itself with that code."""
    with pytest.raises(httpx.HTTPError):
        get(instance, f"/exit/{code}")


def is_alive(pid: int) -> bool:
    """The process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
