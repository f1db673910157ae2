"""The agent with real processes: instances serve, survive, and end as they are told."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import httpx
import pytest
from django.conf import settings as django_settings

from sites.errors import StaleOrder
from sites.models.required import required
from sites.runtime.agent.identity import children_of
from sites.runtime.memory import offered_mb
from sites.runtime.spec import EndReason, InstanceState, Limits, MachineLimits
from tests.live.agent_rig import Agent, ask_to_end, get, is_alive, wait_until

pytestmark = pytest.mark.live


def test_instances_serve_at_addresses_of_their_own(shared_agent: Agent) -> None:
    instances = shared_agent.serve(1, 3)
    assert len({instance.address for instance in instances}) == 3
    assert {instance.port for instance in instances} == {8080}
    assert len({get(instance) for instance in instances}) == 3, "WEBSITE_INSTANCE_ID is unique"
    fewer = shared_agent.serve(1, 1, generation=2)
    assert [(item.ordinal, item.address) for item in fewer] == [(0, instances[0].address)]
    shared_agent.stop(1)


def test_instances_come_and_go_without_a_new_address_of_the_machine(shared_agent: Agent) -> None:
    command = ["ip", "-oneline", "monitor", "link", "address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as monitor:
        time.sleep(0.2)
        (instance,) = shared_agent.serve(30)
        shared_agent.stop(30)
        monitor.terminate()
        told = required(monitor.stdout, "the output of the monitor").read()
    prefix = f"room{instance.address.split('.')[1]}-"
    own = [line for line in told.splitlines() if prefix in line]
    assert any("LOWER_UP" in line for line in own), "the interface was seen"
    assert [line for line in own if "inet" in line] == []


def test_a_lower_generation_is_refused(shared_agent: Agent) -> None:
    shared_agent.serve(2, generation=5)
    shared_agent.runtime.apply(shared_agent.spec(2, generation=5))
    with pytest.raises(StaleOrder):
        shared_agent.runtime.apply(shared_agent.spec(2, 0, generation=4))
    assert len(shared_agent.running(2, 1)) == 1
    shared_agent.stop(2)
    with pytest.raises(StaleOrder):
        shared_agent.runtime.apply(shared_agent.spec(2, 1, generation=5))


def test_a_crashed_instance_serves_again(shared_agent: Agent) -> None:
    (before,) = shared_agent.serve(3)
    ask_to_end(before, 7)
    wait_until(lambda: [item for item in shared_agent.runtime.observe([3]) if item.restarts == 1])
    (after,) = shared_agent.running(3, 1)
    assert (after.address, after.exit_code, after.restarts) == (before.address, 7, 1)
    assert get(after) == get(before)
    shared_agent.stop(3)


def test_an_instance_that_cannot_start_waits_longer_each_time(shared_agent: Agent) -> None:
    shared_agent.runtime.apply(shared_agent.spec(4, command=("sh", "-c", "echo no such thing; exit 3")))
    status = wait_until(lambda: [item for item in shared_agent.runtime.observe([4]) if item.restarts == 3])[0]
    assert (status.state, status.exit_code) == (InstanceState.BACKOFF, 3)
    assert shared_agent.runtime.log_tail(4, 0) == ["no such thing"] * 3
    shared_agent.stop(4)


def test_a_stop_is_graceful(shared_agent: Agent) -> None:
    shared_agent.serve(5)
    began = time.monotonic()
    shared_agent.runtime.apply(shared_agent.spec(5, 0, generation=2, grace_seconds=60.0))
    wait_until(lambda: not shared_agent.runtime.observe([5]))
    assert time.monotonic() - began < 30
    assert shared_agent.runtime.log_tail(5, 0)[-2:] == ["told to end", "drained"]


def test_a_server_behind_a_shell_is_told_to_end_too(shared_agent: Agent) -> None:
    shared_agent.serve(6, command=("sh", "-c", "sh -c 'python3 app.py; echo after'; echo at last"))
    shared_agent.stop(6)
    assert "drained" in shared_agent.runtime.log_tail(6, 0)


def test_who_does_not_listen_to_sigterm_is_ended_after_the_grace(shared_agent: Agent) -> None:
    shared_agent.serve(7, env={"STUBBORN": "1"}, grace_seconds=1.0)
    child = shared_agent.record(7)["child"]["pid"]
    began = time.monotonic()
    shared_agent.runtime.apply(shared_agent.spec(7, 0, generation=2, grace_seconds=1.0))
    assert shared_agent.runtime.observe([7])[0].state is InstanceState.STOPPING
    wait_until(lambda: not shared_agent.runtime.observe([7]))
    assert 0.9 < time.monotonic() - began < 30
    assert not is_alive(child)
    assert shared_agent.runtime.log_tail(7, 0)[-1] == "told to end"


def test_a_killed_monitor_leaves_no_orphan_and_no_taken_port(shared_agent: Agent) -> None:
    (before,) = shared_agent.serve(8)
    record = shared_agent.record(8)
    os.kill(record["monitor"]["pid"], signal.SIGKILL)
    wait_until(lambda: [item for item in shared_agent.runtime.observe([8]) if item.restarts])
    (after,) = shared_agent.running(8, 1)
    assert (after.restarts, after.address) == (1, before.address)
    assert not is_alive(record["child"]["pid"])
    assert not any("in use" in line for line in shared_agent.runtime.log_tail(8, 0, lines=50))
    shared_agent.stop(8)


def test_a_changed_command_starts_the_instance_again(shared_agent: Agent) -> None:
    (before,) = shared_agent.serve(9, env={"VERSION": "1"})
    assert get(before).endswith(" 1")
    (after,) = shared_agent.serve(9, env={"VERSION": "1"}, generation=2)
    child = shared_agent.record(9)["child"]["pid"]
    assert shared_agent.runtime.observe([9])[0].generation == 2
    shared_agent.runtime.apply(shared_agent.spec(9, env={"VERSION": "2"}, generation=3))
    wait_until(lambda: not is_alive(child))
    (after,) = shared_agent.running(9, 1)
    assert get(after).endswith(" 2")
    assert after.restarts == 0
    shared_agent.stop(9)


def test_memory_beyond_the_limit_ends_the_instance(shared_agent: Agent) -> None:
    (instance,) = shared_agent.serve(10, limits=Limits(memory_mb=128))
    with pytest.raises(httpx.HTTPError):
        get(instance, "/use/400")
    status = wait_until(lambda: [item for item in shared_agent.runtime.observe([10]) if item.restarts])[0]
    assert status.exit_code == 128 + signal.SIGKILL
    shared_agent.running(10, 1)
    shared_agent.stop(10)


def test_an_instance_that_hangs_is_replaced_and_one_that_is_slow_is_not(shared_agent: Agent) -> None:
    hung, slow = shared_agent.serve(12, 2)
    (process,) = children_of(shared_agent.record(12)["child"]["pid"])
    shared_agent.runtime.keep_limits(MachineLimits(offered_mb(), 0, 0, patience_seconds=2.0))
    try:
        get(hung, "/sleep/1.5")  # the agent sees meanwhile that it accepts
        os.kill(process, signal.SIGSTOP)
        with socket.create_connection((hung.address, hung.port)):
            assert get(slow, "/sleep/3"), "it accepts, and takes longer than the limit for its answer"
            wait_until(lambda: shared_agent.runtime.observe([12])[0].restarts)
    finally:
        shared_agent.runtime.keep_limits(MachineLimits(offered_mb(), 0, 0))
    after, other = shared_agent.running(12, 2)
    assert (after.reason, after.exit_code, after.address) == (EndReason.HANG, 128 + signal.SIGKILL, hung.address)
    assert other.restarts == 0
    assert get(after) != get(other)
    assert any("it did not accept a connection for" in line for line in shared_agent.runtime.log_tail(12, 0, lines=9))
    shared_agent.stop(12)


def test_connections_are_cut(shared_agent: Agent) -> None:
    (instance,) = shared_agent.serve(11)
    with ExitStack() as stack:
        ends = [stack.enter_context(socket.create_connection((instance.address, instance.port))) for _ in range(4)]
        time.sleep(0.1)
        assert shared_agent.runtime.kill_connections(11, fraction=0.0) == 0
        count = shared_agent.runtime.kill_connections(11, fraction=0.5)  # each with that probability
        assert [is_cut(end) for end in ends].count(True) == count
        assert shared_agent.runtime.kill_connections(11, fraction=1.0) == 4 - count
        assert all(is_cut(end) for end in ends)
    shared_agent.stop(11)


def is_cut(end: socket.socket) -> bool:
    """Whether the connection was reset; nothing comes over one that was not."""
    end.settimeout(0.2)
    try:
        return end.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_the_agent_is_killed_and_the_instances_go_on(agent: Agent) -> None:
    before = agent.serve(1, 3)
    pids = [agent.record(1, ordinal)["child"]["pid"] for ordinal in range(3)]
    agent.kill()
    assert len({get(instance) for instance in before}) == 3
    agent.start()
    after = agent.running(1, 3)
    assert [agent.record(1, ordinal)["child"]["pid"] for ordinal in range(3)] == pids
    assert [(item.address, item.restarts) for item in after] == [(item.address, 0) for item in before]
    agent.stop(1)
    assert not any(is_alive(pid) for pid in pids), "what was taken over can be ended"


def test_the_exit_code_of_one_that_died_meanwhile_is_known(agent: Agent) -> None:
    (instance,) = agent.serve(1)
    child = agent.record(1)["child"]["pid"]
    agent.kill()
    ask_to_end(instance, 7)
    wait_until(lambda: not is_alive(child))
    agent.start()
    (after,) = agent.running(1, 1)
    assert (after.exit_code, after.restarts) == (7, 1)
    assert get(after)


def test_an_ordered_end_leaves_instances_running(agent: Agent) -> None:
    (instance,) = agent.serve(1)
    agent.runtime.shut_down(with_instances=False)
    assert agent.process is not None
    assert agent.process.wait(10) == 0
    assert get(instance)
    agent.start()
    assert agent.process is not None
    agent.process.terminate()
    assert agent.process.wait(10) == 0
    assert get(instance)


def test_after_a_reboot_everything_wanted_is_started(agent: Agent) -> None:
    agent.serve(1)
    child = agent.record(1)["child"]["pid"]
    agent.kill()
    path = agent.state / "revisions" / "1" / "0" / "run.json"
    record = json.loads(path.read_text())
    for process in (record["monitor"], record["child"]):
        os.kill(process["pid"], signal.SIGKILL)
        process["boot"] = "another boot"
        # The pid has been given to a stranger that must not be touched
        process["pid"], process["starttime"] = os.getpid(), 1
    path.write_text(json.dumps(record))
    wait_until(lambda: not is_alive(child))
    agent.start()
    (after,) = agent.running(1, 1)
    assert (after.restarts, after.exit_code) == (0, None)


def test_an_unrecorded_sandbox_is_ended(agent: Agent) -> None:
    agent.serve(1)
    record = agent.record(1)
    agent.kill()
    (agent.state / "revisions" / "1" / "0" / "run.json").unlink()
    agent.start()
    wait_until(lambda: not is_alive(record["child"]["pid"]))
    agent.running(1, 1)


def test_a_second_agent_for_the_same_folder_is_refused(agent: Agent) -> None:
    line = [sys.executable, "-m", "sites.runtime.agent", "--state", str(agent.state), "--socket", str(agent.socket)]
    done = subprocess.run(line, cwd=django_settings.BASE_DIR, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Another agent works on" in done.stderr
    assert agent.answers()
