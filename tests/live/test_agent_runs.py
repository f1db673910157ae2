"""One-time commands of the agent: run once, whatever happens to it, and behind everything else."""

import fcntl
import os
import select
import struct
import termios
import time

import pytest

from sites.runtime.spec import Mount, RunSpec, RunState
from tests.live.agent_rig import Agent, wait_until

pytestmark = pytest.mark.live


def test_a_run_has_an_exit_code_and_a_log_and_happens_once(shared_agent: Agent) -> None:
    log = shared_agent.folder / "build.log"
    work = shared_agent.folder / "work"
    work.mkdir()
    command = ("sh", "-c", "echo built by $(id -u) in $(pwd) at $(nice); echo trace >> made; exit 4")
    mounts = (Mount(str(work), "/app"),)
    spec = RunSpec("build-1", 5, "site", command, {}, mounts, log=str(log))
    assert shared_agent.run(spec) == 4
    shared_agent.runtime.start_run(spec)
    assert shared_agent.runtime.observe_run("build-1").exit_code == 4
    assert log.read_text() == "built by 20005 in /app at 10\n"
    assert (work / "made").read_text() == "trace\n"
    shared_agent.runtime.end_run("build-1")
    assert shared_agent.runtime.observe_run("build-1").state is RunState.UNKNOWN


def test_a_run_that_takes_too_long_is_ended(shared_agent: Agent) -> None:
    spec = RunSpec("slow-1", 5, "site", ("sleep", "60"), {}, (), directory="/", timeout_seconds=0.5)
    assert shared_agent.run(spec) == 124
    shared_agent.runtime.start_run(RunSpec("slow-2", 5, "site", ("sleep", "60"), {}, (), directory="/"))
    began = time.monotonic()
    shared_agent.runtime.end_run("slow-2")
    assert time.monotonic() - began < 30


ASKS = """
import getpass, os, sys
print(sys.stdin.isatty(), os.get_terminal_size().columns, flush=True)
try:
    print(len(getpass.getpass("Password: ")), flush=True)
    while True: sys.stdin.readline()
except KeyboardInterrupt:
    sys.exit(7)
"""


def test_a_terminal_that_is_handed_over_is_the_runs_own(shared_agent: Agent) -> None:
    ours, its = os.openpty()
    try:
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 97, 0, 0))
        name = os.ttyname(its)
        command = ("/usr/bin/python3", "-c", ASKS)
        spec = RunSpec("asks-1", 5, "site", command, {}, (), directory="/", stdio=(name, name, name))
        shared_agent.runtime.start_run(spec)
        assert "True 97" in read_until(ours, "Password: ")
        os.write(ours, b"secret\n")
        assert "secret" not in read_until(ours, "6\r\n"), "what is typed as a password is not shown"
        os.write(ours, b"\x03")  # Ctrl-C
        wait_until(lambda: shared_agent.runtime.observe_run("asks-1").state is RunState.ENDED)
        assert shared_agent.runtime.observe_run("asks-1").exit_code == 7
    finally:
        shared_agent.runtime.end_run("asks-1")
        os.close(ours)
        os.close(its)


def read_until(descriptor: int, text: str) -> str:
    """What comes, up to and with `text`."""
    found = ""
    while text not in found:
        assert select.select([descriptor], [], [], 60)[0], found
        found += os.read(descriptor, 4096).decode()
    return found


def test_a_run_survives_the_agent(agent: Agent) -> None:
    command = ("sh", "-c", "sleep 6; exit 9")
    agent.runtime.start_run(RunSpec("build-2", 5, "site", command, {}, (), directory="/"))
    wait_until((agent.state / "runs" / "build-2" / "run.json").exists)
    agent.kill()
    agent.start()
    assert agent.runtime.observe_run("build-2").state is RunState.RUNNING
    wait_until(lambda: agent.runtime.observe_run("build-2").state is RunState.ENDED)
    assert agent.runtime.observe_run("build-2").exit_code == 9
