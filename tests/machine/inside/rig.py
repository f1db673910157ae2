"""An agent in the machine with greedy sites, and what the kernel says of them."""

import http.client
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sites.runtime import codec
from sites.runtime.spec import Limits, RevisionSpec
from sites.unix_http import ask
from tests.machine.inside import greedy

LIMIT_SECONDS = 300.0
"""An emulator is slow; a limit only ends what hangs."""
CGROUP = Path("/sys/fs/cgroup")


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Its first true answer. Raises TimeoutError."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.2)
    raise TimeoutError(f"not within {LIMIT_SECONDS:.0f} s: {what}")


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary one in which sites of other users find their app."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def group_of(pid: int) -> Path:
    """Of version 2."""
    return CGROUP / Path(f"/proc/{pid}/cgroup").read_text().strip().rpartition("::/")[2]


def counts_of(file: Path) -> dict[str, int]:
    """A file with a name and a number in each line."""
    return {name: int(number) for name, number in (line.split() for line in file.read_text().splitlines())}


class Rig:
    """One agent, in a folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.app = folder / "app"
        self.app.mkdir(parents=True)
        shutil.copy(greedy.__file__, self.app / "greedy.py")
        self._socket = folder / "agent.sock"
        self._options = options
        self._generations = itertools.count(1)
        self._agent: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the agent and waits until it answers."""
        line = [sys.executable, "-m", "sites.runtime.agent", "--state", str(self.folder / "state")]
        with (self.folder / "agent.log").open("ab") as log:
            self._agent = subprocess.Popen(
                [*line, "--socket", str(self._socket), *self._options], stdout=log, stderr=log
            )
        wait_until(self._answers, "the agent answers")

    def kill(self) -> None:
        """As the kernel would, out of memory."""
        assert self._agent is not None
        self._agent.kill()
        self._agent.wait()

    def close(self) -> None:
        """Ends the agent with all sites."""
        self.ask("POST", "/shutdown", {"instances": True})
        assert self._agent is not None
        self._agent.wait(LIMIT_SECONDS)

    @property
    def agent_group(self) -> Path:
        """Where the agent is."""
        assert self._agent is not None
        return group_of(self._agent.pid)

    def ask(self, method: str, target: str, data: object = None) -> dict[str, Any]:
        """A question to the agent."""
        status, body = ask(self._socket, target, method=method, data=data, timeout=LIMIT_SECONDS)
        assert status == 200, body
        return dict(json.loads(body))

    def serve(self, number: int, **limits: Any) -> "Site":
        """A greedy site with one instance, once it runs."""
        self._order(number, 1, Limits(**limits))
        site = Site(self, number)
        wait_until(site.runs, f"site {number} runs")
        return site

    def stop(self, number: int) -> None:
        """Ends a site and waits for that."""
        self._order(number, 0, Limits())
        wait_until(lambda: not self.instances(number), f"site {number} has ended")

    def instances(self, number: int) -> list[dict[str, Any]]:
        """As the agent sees them."""
        return list(self.ask("GET", f"/instances?revisions={number}")["instances"])

    def _order(self, number: int, count: int, limits: Limits) -> None:
        spec = RevisionSpec(
            revision_id=number,
            generation=next(self._generations),
            owner=number,
            name=f"site {number}",
            count=count,
            app=str(self.app),
            command=("/usr/bin/python3", "greedy.py"),
            env={},
            limits=limits,
            grace_seconds=1.0,
        )
        self.ask("PUT", f"/revisions/{number}", codec.encode(spec))

    def _answers(self) -> bool:
        assert self._agent is not None and self._agent.poll() is None, (self.folder / "agent.log").read_text()
        try:
            self.ask("GET", "/status")
        except OSError:
            return False
        return True


class Site:
    """One greedy site."""

    def __init__(self, rig: Rig, number: int) -> None:
        self._rig = rig
        self.number = number

    @property
    def instance(self) -> dict[str, Any]:
        """As the agent sees it."""
        (found,) = self._rig.instances(self.number)
        return dict(found)

    def runs(self) -> bool:
        """Whether it listens."""
        return [instance["state"] for instance in self._rig.instances(self.number)] == ["running"]

    @property
    def pid(self) -> int:
        """Of the first process in its sandbox."""
        record = self._rig.folder / "state" / "revisions" / str(self.number) / "0" / "run.json"
        return int(json.loads(record.read_text())["child"]["pid"])

    @property
    def group(self) -> Path:
        """Its control group."""
        return group_of(self.pid)

    def value(self, file: str) -> str:
        """Of its control group."""
        return (self.group / file).read_text().strip()

    def members(self) -> list[int]:
        """The processes of its group."""
        return [int(pid) for pid in self.value("cgroup.procs").split()]

    def get(self, target: str, at: dict[str, Any] | None = None) -> str:
        """What it answers; '' when it broke off. `at` spares the question to the agent where it is."""
        at = at or self.instance
        connection = http.client.HTTPConnection(at["address"], at["port"], timeout=LIMIT_SECONDS)
        try:
            connection.request("GET", target)
            return connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()
