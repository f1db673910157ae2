"""The fork server starts parts that are processes like any other."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from sites.logs.pump import Pump
from sites.runtime.agent.identity import parent_of
from sites.supervisor import liveness
from sites.supervisor.component import Component, NotReady
from sites.supervisor.forking import NotForked, fork_part
from sites.supervisor.journal import Journal
from sites.supervisor.keeper import Keeper
from sites.supervisor.orphans import Orphans, collect_orphans
from sites.supervisor.process import Process

ROOT = Path(__file__).resolve().parents[3]
ALONE = """
import socket, sys
from pathlib import Path
from sites.supervisor import forkserver
forkserver.load = lambda: None
forkserver.main(Path(sys.argv[1]))
"""
"""The server without what it loads, which takes a second."""
PART = """
import os, sys, threading
print(sys.argv[1:], os.environ["GREETING"], os.getsid(0) == os.getpid(), flush=True)
print(open(int(sys.argv[1])).read(), open("/proc/self/comm").read().strip(), flush=True)
if sys.argv[2:] == ["wait"]:
    threading.Event().wait(60)
sys.exit(3)
"""
WRITER = """
import os, stat, time
os.write(1, f"{stat.S_ISFIFO(os.fstat(1).st_mode)} {os.getppid()}\\n".encode())
time.sleep(60)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A fork server whose parent is this process."""
    collect_orphans()
    started = subprocess.Popen([sys.executable, "-c", ALONE, tmp_path / "fork.sock"], cwd=ROOT)
    wait_for(lambda: (tmp_path / "fork.sock").exists())
    yield started
    started.kill()
    started.wait()
    collect_orphans(False)


@pytest.fixture
def part(tmp_path: Path) -> Callable[..., Awaitable[Process]]:
    """Starts a part that prints what it finds, into the file `log`."""
    (tmp_path / "part.py").write_text(PART)
    (tmp_path / "given").write_text("from a file")

    async def start(*options: str) -> Process:
        with (tmp_path / "log").open("wb") as log, (tmp_path / "given").open() as given:
            return await fork_part(
                tmp_path / "fork.sock",
                "a-part",
                [str(tmp_path / "part.py"), str(given.fileno()), *options],
                output=log.fileno(),
                environment={"GREETING": "hello"},
                descriptors=[given.fileno()],
            )

    return start


def wait_for(condition: Callable[[], object]) -> None:
    ends_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_a_part_has_its_arguments_environment_files_session_and_name(
    server: subprocess.Popen[bytes], part: Callable[..., Awaitable[Process]], tmp_path: Path
) -> None:
    async def run() -> int | None:
        process = await part()
        assert parent_of(process.pid) == os.getpid()
        await process.wait()
        return process.exit_code

    assert asyncio.run(run()) == 3
    first, second = (tmp_path / "log").read_text().splitlines()
    assert first.endswith("hello True")
    assert second == "from a file a-part"


def test_a_part_outlives_the_fork_server_and_is_told_apart_by_how_it_ends(
    server: subprocess.Popen[bytes], part: Callable[..., Awaitable[Process]], tmp_path: Path
) -> None:
    async def run() -> int | None:
        process = await part("wait")
        wait_for(lambda: (tmp_path / "log").read_text().count("\n") == 2)
        server.kill()
        server.wait()
        await asyncio.sleep(0.1)
        assert process.identity.is_alive() and parent_of(process.pid) == os.getpid()
        process.send(signal.SIGKILL)
        await process.wait()
        return process.exit_code

    assert asyncio.run(run()) == -signal.SIGKILL


def test_a_server_that_is_gone_or_hangs_starts_nothing(
    server: subprocess.Popen[bytes],
    part: Callable[..., Awaitable[Process]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sites.supervisor.forking.TIMEOUT_SECONDS", 0.2)
    server.send_signal(signal.SIGSTOP)
    with pytest.raises(NotForked):
        asyncio.run(part())
    server.send_signal(signal.SIGCONT)
    with pytest.raises(NotForked):
        asyncio.run(fork_part(tmp_path / "nobody.sock", "part", ["-c", ""], output=1))
    time.sleep(0.3)
    assert (tmp_path / "log").read_text() == "", "what was given up has not begun later"


def test_a_server_lives_as_long_as_it_closes_what_says_nothing(
    server: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "ASK_SECONDS", 0.2)
    ask = liveness.closes(tmp_path / "fork.sock")
    asyncio.run(ask(server.pid))
    server.send_signal(signal.SIGSTOP)
    with pytest.raises(liveness.Silent):
        asyncio.run(ask(server.pid))
    server.send_signal(signal.SIGCONT)
    asyncio.run(ask(server.pid))


def test_a_part_writes_into_its_pipe_and_the_log_has_its_lines(server: subprocess.Popen[bytes], tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(WRITER)

    async def is_there(_: int) -> None:
        if not (tmp_path / "part.log").exists():
            raise NotReady("it is loading")

    async def bring_up() -> None:
        pump = Pump()
        component = Component("part", (sys.executable, str(tmp_path / "part.py")), is_there, oom_score=250)
        places = {"run_dir": tmp_path, "log_dir": tmp_path, "folder": tmp_path}
        keeper = Keeper(component, Journal(tmp_path / "up.log"), pump, **places, fork_server=tmp_path / "fork.sock")
        await keeper.bring_up()
        assert Path(f"/proc/{keeper.process_id}/comm").read_text() == "part\n"
        assert Path(f"/proc/{keeper.process_id}/oom_score_adj").read_text() == "250\n"
        await keeper.stop()
        pump.close()

    asyncio.run(bring_up())
    assert (tmp_path / "part.log").read_text() == f"True {os.getpid()}\n"


def test_nobody_but_up_has_parts_started(server: subprocess.Popen[bytes], tmp_path: Path) -> None:
    code = "import asyncio, sys\nfrom pathlib import Path\nfrom sites.supervisor.forking import fork_part\n"
    code += "asyncio.run(fork_part(Path(sys.argv[1]), 'part', ['-c', ''], output=1))"
    command = [sys.executable, "-c", code, tmp_path / "fork.sock"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "NotForked" in done.stderr
    assert server.poll() is None


def test_what_nobody_waits_for_is_reaped_at_the_second_look() -> None:
    collect_orphans()
    try:
        done = subprocess.run(["sh", "-c", "sleep 0.05 & echo $!"], capture_output=True, text=True, check=True)
        orphan = int(done.stdout)
        wait_for(lambda: Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
        orphans = Orphans()
        orphans.reap()
        assert Path(f"/proc/{orphan}").exists()
        orphans.reap()
        assert not Path(f"/proc/{orphan}").exists()
    finally:
        collect_orphans(False)
