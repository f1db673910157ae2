"""Limits hold, whatever a site does, and nobody else notices."""

import signal
import time
from pathlib import Path

import pytest

from sites.logs import files
from sites.runtime.agent.identity import children_of
from sites.runtime.agent.oom import SITE
from sites.runtime.agent.run import LOG_BYTES
from sites.runtime.spec import Mount, RunSpec, RunState
from tests.live.agent_rig import Agent, get, is_alive, wait_until

pytestmark = pytest.mark.live

FLOODS = {
    "lines": "timeout 2 yes a line of a log",
    "newlines": "timeout 2 yes ''",
    "one-line": "timeout 2 tr '\\0' x </dev/zero",
    "reopened": "timeout 2 dd if=/dev/zero of=/proc/self/fd/1 bs=1M status=none",
    "dev-stdout": "timeout 2 yes >/dev/stdout",
    "by-a-child": "setsid sh -c 'timeout 2 yes' & sleep 2",
    "truncated": "truncate -s 1T /proc/self/fd/1 || fallocate -l 1T /proc/self/fd/1 || timeout 2 yes",
}


def log_size(log: Path) -> int:
    return sum(path.stat().st_size for path in log.parent.glob(f"{log.name}*"))


def run_spec(agent: Agent, name: str, command: str) -> RunSpec:
    return RunSpec(
        run_id=name,
        owner=90,
        name=name,
        command=("sh", "-c", command),
        env={},
        mounts=(Mount(str(agent.app), "/app", is_writable=False),),
        log=str(agent.folder / f"{name}.log"),
    )


def test_no_writer_makes_a_log_longer_than_its_limit_and_its_end_is_kept(shared_agent: Agent) -> None:
    specs = {name: run_spec(shared_agent, f"flood-{name}", f"{line}; echo the end") for name, line in FLOODS.items()}
    for spec in specs.values():
        shared_agent.runtime.start_run(spec)
    running = dict(specs)
    while running:
        for name, spec in list(running.items()):
            assert log_size(Path(spec.log)) <= LOG_BYTES, name
            if shared_agent.runtime.observe_run(spec.run_id).state is RunState.ENDED:
                del running[name]
    for name, spec in specs.items():
        assert files.tail(Path(spec.log), 1)[0].endswith("the end"), name
        shared_agent.runtime.end_run(spec.run_id)


def test_an_instance_that_floods_its_log_and_a_neighbour_both_serve(shared_agent: Agent) -> None:
    loud = ("sh", "-c", "yes 'a line of a log' & exec python3 app.py")
    (flooding,) = shared_agent.serve(91, command=loud)
    (neighbour,) = shared_agent.serve(92)
    log = shared_agent.state / "revisions" / "91" / "0" / "log"
    for _ in range(10):
        assert get(neighbour) and get(flooding)
        assert log_size(log) <= files.LIMIT_BYTES
    assert any("Greenroom left out" in line for line in shared_agent.runtime.log_tail(91, 0, lines=10_000))
    shared_agent.stop(91)
    shared_agent.stop(92)


def test_no_line_is_lost_when_the_agent_dies_or_hangs(agent: Agent) -> None:
    counting = "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.01; done & exec python3 app.py"
    (instance,) = agent.serve(1, command=("sh", "-c", counting))
    agent.kill()
    time.sleep(0.5)
    assert get(instance)
    agent.start()
    assert agent.process is not None
    agent.process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    assert get(instance)
    agent.process.send_signal(signal.SIGCONT)

    def numbers() -> list[int]:
        lines = agent.runtime.log_tail(1, 0, lines=10_000)
        return [int(line.split()[1]) for line in lines if line.startswith("line ")]

    wait_until(lambda: len(numbers()) > 150)
    found = numbers()
    assert found == list(range(1, len(found) + 1))


def test_an_instance_without_a_pipe_is_adopted(agent: Agent) -> None:
    agent.serve(1)
    child = agent.record(1)["child"]["pid"]
    agent.kill()
    (agent.state / "revisions" / "1" / "0" / "output").unlink()  # as an agent before the pipes left it
    agent.start()
    (instance,) = agent.running(1, 1)
    assert (instance.restarts, is_alive(child)) == (0, True)
    assert get(instance)


def test_a_site_goes_when_memory_runs_out_and_its_monitor_stays(shared_agent: Agent) -> None:
    shared_agent.serve(93)
    record = shared_agent.record(93)

    def score(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    (inside,) = children_of(record["child"]["pid"])
    assert score(inside) == score(record["child"]["pid"]) == SITE
    assert score(record["monitor"]["pid"]) <= 0, "root may spare it, where it has all its rights"
    shared_agent.stop(93)
