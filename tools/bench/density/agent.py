"""An agent of its own in a temporary folder, beside the one of the installation."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.test import override_settings

from sites.errors import RuntimeUnreachable
from sites.runtime.process import ProcessRuntime
from sites.runtime.spec import InstanceState, InstanceStatus, Limits, RevisionSpec
from tools.demo.installation import MANAGE

LIMIT_SECONDS = 300.0
MEMORY_MB = 64


class Agent:
    """With a folder `app` that its instances show as their content."""

    def __init__(self, folder: Path) -> None:
        self.app = folder / "app"
        self.app.mkdir()
        self._folder = folder
        self._socket = folder / "agent.sock"
        self._process: subprocess.Popen[bytes] | None = None
        with override_settings(AGENT_SOCKET=self._socket):
            self.runtime = ProcessRuntime()

    def start(self) -> float:
        """Returns the seconds until it answered. Raises TimeoutError."""
        began = time.monotonic()
        with (self._folder / "agent.log").open("ab") as log:
            line = [sys.executable, "-m", "sites.runtime.agent"]
            line += ["--state", str(self._folder / "state"), "--socket", str(self._socket)]
            self._process = subprocess.Popen(line, stdout=log, stderr=log, cwd=MANAGE.parent, env=dict(os.environ))
        wait_until(self._answers, "the agent answers")
        return time.monotonic() - began

    def kill(self) -> None:
        """kill -9; its instances go on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def order(self, revision_id: int, command: tuple[str, ...], count: int, generation: int, **env: str) -> None:
        """So many instances of a revision; none ends it."""
        self.runtime.apply(
            RevisionSpec(
                revision_id=revision_id,
                generation=generation,
                owner=revision_id,
                name=f"bench{revision_id}",
                count=count,
                app=str(self.app),
                command=command,
                env=env,
                limits=Limits(memory_mb=MEMORY_MB),
                grace_seconds=1.0,
            )
        )

    def running(self) -> list[InstanceStatus]:
        """Those that accept connections."""
        return [one for one in self.runtime.observe() if one.state is InstanceState.RUNNING]

    def end(self) -> None:
        """With all instances."""
        if self._process is not None and self._process.poll() is None:
            self.runtime.shut_down(with_instances=True)
            self._process.wait(LIMIT_SECONDS)

    def _answers(self) -> bool:
        try:
            self.runtime.status()
        except RuntimeUnreachable:
            return False
        return True


@contextmanager
def running_agent() -> Iterator[Agent]:
    """Ended with its instances."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        Path(folder).chmod(0o711)  # what runs in it is another user
        agent = Agent(Path(folder))
        try:
            agent.start()
            yield agent
        finally:
            agent.end()


def wait_until(condition: Callable[[], bool], what: str, *, pause: float = 0.01) -> None:
    """Raises TimeoutError."""
    ends_at = time.monotonic() + LIMIT_SECONDS
    while not condition():
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{what}: not within {LIMIT_SECONDS:g} s")
        time.sleep(pause)
