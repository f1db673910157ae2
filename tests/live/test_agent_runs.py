"""One-time commands of the agent: run once, whatever happens to it, and behind everything else."""

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


def test_a_run_survives_the_agent(agent: Agent) -> None:
    command = ("sh", "-c", "sleep 1.5; exit 9")
    agent.runtime.start_run(RunSpec("build-2", 5, "site", command, {}, (), directory="/"))
    wait_until((agent.state / "runs" / "build-2" / "run.json").exists)
    agent.kill()
    agent.start()
    assert agent.runtime.observe_run("build-2").state is RunState.RUNNING
    wait_until(lambda: agent.runtime.observe_run("build-2").state is RunState.ENDED)
    assert agent.runtime.observe_run("build-2").exit_code == 9
