"""Limits hold by control groups of version 2: as root and as a user below systemd, and as root without systemd."""

import json
import signal
from typing import Any

import pytest

from tests.machine.inside.limits import CPUS, MEMORY_MB, PROCESSES
from tests.machine.machine import FOLDER, PYTHON, Machine
from tests.machine.progress import report

pytestmark = pytest.mark.machine

PROGRAM = (PYTHON, "-m", "tests.machine.inside.limits")
STEPS = ("level", "values", "memory", "files_in_memory", "processes", "crashes", "processor", "ending", "adoption")
AS_USER = ("systemd-run", "--quiet", "--pipe", "--wait", "--uid=person", f"--working-directory={FOLDER}")
# As in a container: the top of what is mounted is a group with processes, and the first process is no systemd
CONTAINER = "umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; mount -t tmpfs none /run/systemd"
AS_CONTAINER = (
    *("systemd-run", "--quiet", "--pipe", "--wait", "--property=Delegate=yes", f"--working-directory={FOLDER}"),
    *("unshare", "--cgroup", "--mount", "sh", "-ec", f'{CONTAINER}; exec "$@"', "sh"),
)

Seen = dict[str, Any]


def seen_by(machine: Machine, *command: str) -> Seen:
    """What the greedy sites met."""
    seen = dict(json.loads(machine.check(*command)))
    for step, found in seen.items():
        report(f"{step}: {json.dumps(found)}")
    return seen


@pytest.fixture(scope="module", autouse=True)
def dumps(machine: Machine) -> str:
    """Where the kernel has a program leave a file named for the user of each process whose memory it would dump."""
    machine.check("sysctl", "--write", "kernel.core_pattern=|/usr/bin/touch /run/dumped-%u")
    assert machine.run("sh", "-c", "kill -ABRT $$").code == 128 + 6
    machine.check("sh", "-c", "until [ -e /run/dumped-0 ]; do sleep 1; done")
    return "/run/dumped-*"


@pytest.fixture(scope="module")
def as_root(machine: Machine) -> Seen:
    """Below systemd."""
    return seen_by(machine, "env", "-C", FOLDER, *PROGRAM, *STEPS, "without_sandbox")


@pytest.fixture(scope="module")
def as_user(machine: Machine) -> Seen:
    """Below a systemd of the user's own."""
    machine.check("loginctl", "enable-linger", "person")
    return seen_by(machine, *AS_USER, *PROGRAM, *STEPS)


@pytest.fixture(scope="module")
def in_container(machine: Machine) -> Seen:
    """Without systemd."""
    return seen_by(machine, *AS_CONTAINER, *PROGRAM, *STEPS)


def test_a_user_without_a_systemd_is_told_that_limits_hold_per_process_only(machine: Machine) -> None:
    seen = seen_by(machine, *AS_USER, *PROGRAM, "level")
    assert seen["level"]["level"] == "partial"
    assert [fact for fact in seen["level"]["facts"] if fact.startswith("limits")] == [
        "limits per process only, nothing bounds their sum (no control groups to write to)"
    ]


@pytest.fixture(params=["as_root", "as_user", "in_container"])
def seen(request: pytest.FixtureRequest) -> Seen:
    """In each of the three ways."""
    return dict(request.getfixturevalue(request.param))


def test_root_gets_a_scope_of_systemd(as_root: Seen) -> None:
    assert as_root["level"]["level"] == "strong"
    assert "limits by control groups (version 2: memory, pids, cpu, in a scope of systemd)" in as_root["level"]["facts"]
    assert as_root["level"]["agent"].startswith("/sys/fs/cgroup/system.slice/greenroom-")
    assert as_root["level"]["agent"].endswith(".scope/agent")


def test_a_user_gets_a_scope_of_a_systemd_of_its_own(as_user: Seen) -> None:
    assert as_user["level"]["level"] == "partial"
    limits = "limits by control groups (version 2: memory, pids, cpu, in a scope of the user's systemd)"
    assert limits in as_user["level"]["facts"]
    assert "/user@1000.service/" in as_user["level"]["agent"]


def test_without_systemd_the_processes_make_room_for_groups(in_container: Seen) -> None:
    assert in_container["level"]["level"] == "strong"
    limits = "limits by control groups (version 2: memory, pids, cpu, in a group at the top)"
    assert limits in in_container["level"]["facts"]
    assert in_container["level"]["agent"] == "/sys/fs/cgroup/agent"


def test_the_kernel_knows_every_limit(seen: Seen) -> None:
    values = dict(seen["values"])
    assert values.pop("group").endswith("/1-0")
    assert values == {
        "memory.max": str(MEMORY_MB << 20),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": str(PROCESSES),
        "cpu.max": f"{int(CPUS * 100_000)} 100000",
        "cpu.weight": "100",
    }


@pytest.mark.parametrize("kind", ["memory", "files_in_memory"])
def test_who_takes_too_much_memory_is_killed_and_started_again_and_no_neighbour_is(seen: Seen, kind: str) -> None:
    found = seen[kind]
    assert found["answer"] == ""
    assert found["memory.events"]["oom_group_kill"] == 1
    assert found["memory.peak"] <= MEMORY_MB << 20
    assert (found["exit_code"], found["restarts"], found["answer_again"]) == (137, 1, "ok")
    assert found["neighbour"]["same_process"] and found["neighbour"]["answer"] == "ok"
    assert set(found["neighbour"]["memory.events"].values()) == {0}


def test_a_fork_bomb_ends_at_its_limit_and_a_neighbour_can_still_fork(seen: Seen) -> None:
    found = seen["processes"]
    assert 0 < found["made"] < PROCESSES
    assert found["pids.current"] <= PROCESSES
    assert found["pids.events"]["max"] >= 1
    assert found["neighbour_made"] == 5


def test_no_program_of_the_machine_gets_the_memory_of_a_site_that_crashes(
    machine: Machine, seen: Seen, dumps: str
) -> None:
    assert seen["crashes"] == {"status": signal.SIGABRT, "answer": "ok"}
    assert machine.check("sh", "-c", f"echo {dumps}").split() == ["/run/dumped-0"], "only what was no site"


def test_processor_time_is_held_to_its_share(seen: Seen) -> None:
    assert seen["processor"]["share"] < CPUS * 1.25
    assert seen["processor"]["nr_throttled"] > 0


def test_nothing_of_a_site_outlives_its_end(seen: Seen) -> None:
    assert seen["ending"]["made"] == 5
    assert seen["ending"]["members"] >= 6
    assert seen["ending"]["left"] == []


def test_without_a_sandbox_the_control_group_ends_what_left_its_session(as_root: Seen) -> None:
    assert as_root["without_sandbox"]["made"] == 5
    assert as_root["without_sandbox"]["left"] == []


def test_sites_outlive_an_agent_that_is_killed_and_the_next_one_has_the_same_place(seen: Seen) -> None:
    found = seen["adoption"]
    assert found["answer_without_agent"] == "ok"
    assert found["same_process"] and found["restarts"] == 0
    assert found["same_place"]
    assert found["agent"] == seen["level"]["agent"]
