"""Limits where the machine has control groups, and where it has none."""

from pathlib import Path

import pytest

from sites.runtime.agent import confinement, delegation
from sites.runtime.agent.confinement import GroupsV1, GroupsV2, ProcessLimits, take_confinement
from sites.runtime.agent.delegation import Top
from sites.runtime.spec import Limits

WANTED = Limits(memory_mb=128, cpus=0.5, processes=32)


@pytest.fixture
def memory_by_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bool]:
    told: list[bool] = []
    monkeypatch.setattr(confinement, "ROOT", tmp_path)
    monkeypatch.setattr(confinement, "set_process_limits", lambda pid, wanted, with_memory: told.append(with_memory))
    return told


def test_version_1_has_a_group_per_controller(memory_by_process: list[bool], tmp_path: Path) -> None:
    groups = GroupsV1("greenroom", ("memory", "pids", "cpu"))
    groups.enter("1/0", 4711, WANTED)
    assert (tmp_path / "memory/greenroom/1-0/memory.limit_in_bytes").read_text() == str(128 << 20)
    assert (tmp_path / "pids/greenroom/1-0/pids.max").read_text() == "32"
    assert (tmp_path / "cpu/greenroom/1-0/cpu.cfs_quota_us").read_text() == "50000"
    assert (tmp_path / "cpu/greenroom/1-0/cpu.shares").read_text() == "1024"
    assert (tmp_path / "memory/greenroom/1-0/cgroup.procs").read_text() == "4711"
    assert memory_by_process == [False]


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GroupsV2:
    """Of version 2, below a folder that stands for the kernel's."""
    monkeypatch.setattr(delegation, "ROOT", tmp_path)
    groups = GroupsV2(Top("greenroom", ("memory", "pids", "cpu"), "in a group at the top"))
    groups.take()
    return groups


def test_version_2_has_one_group_below_one_without_processes(
    memory_by_process: list[bool], groups: GroupsV2, tmp_path: Path
) -> None:
    groups.enter("1/0", 4711, WANTED)
    group = tmp_path / "greenroom/1-0"
    assert (tmp_path / "greenroom/cgroup.subtree_control").exists()
    assert (group / "memory.max").read_text() == str(128 << 20)
    assert (group / "memory.swap.max").read_text() == "0"
    assert (group / "memory.oom.group").read_text() == "1"
    assert (group / "pids.max").read_text() == "32"
    assert (group / "cpu.max").read_text() == "50000 100000"
    assert (group / "cpu.weight").read_text() == "100"
    assert (group / "cgroup.procs").read_text() == "4711"
    assert not (tmp_path / "greenroom/cgroup.procs").exists()
    assert memory_by_process == [False]


def test_version_2_without_a_controller_for_memory_bounds_it_by_process(
    memory_by_process: list[bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(delegation, "ROOT", tmp_path)
    groups = GroupsV2(Top("greenroom", ("pids",), "in a group at the top"))
    groups.take()
    groups.enter("1/0", 4711, WANTED)
    assert memory_by_process == [True]
    assert not (tmp_path / "greenroom/1-0/memory.max").exists()
    assert "version 2: pids" in groups.fact


def test_a_sandbox_that_no_group_takes_is_not_started_without_limits(
    memory_by_process: list[bool], groups: GroupsV2, tmp_path: Path
) -> None:
    (tmp_path / "greenroom/1-0/cgroup.procs").mkdir(parents=True)
    with pytest.raises(OSError):
        groups.enter("1/0", 4711, WANTED)


def test_what_is_left_of_a_sandbox_is_killed_and_a_group_that_is_still_in_use_said(
    groups: GroupsV2, tmp_path: Path
) -> None:
    (tmp_path / "greenroom/1-0").mkdir()
    assert not groups.leave("1/0"), "a folder that stands for a group keeps its files"
    assert (tmp_path / "greenroom/1-0/cgroup.kill").read_text() == "1"
    assert groups.leave("2/0")


def test_where_systemd_refuses_the_next_best_is_taken_and_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Refused:
        controllers = ("memory",)
        fact = "in a scope of systemd"

        def take(self) -> Path:
            raise OSError("Access denied")

    (tmp_path / "cgroup.controllers").touch()
    monkeypatch.setattr(confinement, "ROOT", tmp_path)
    monkeypatch.setattr(delegation, "ROOT", tmp_path)
    second = Top("greenroom", ("pids",), "in a group at the top")
    monkeypatch.setattr(confinement, "find_delegations", lambda name: [Refused(), second])
    assert "in a group at the top" in take_confinement("greenroom").fact
    monkeypatch.setattr(confinement, "find_delegations", lambda name: [Refused()])
    assert take_confinement("greenroom").fact == ProcessLimits.fact


def test_what_nobody_waits_for_has_a_ninth_of_the_weight_of_a_site(
    memory_by_process: list[bool], groups: GroupsV2, tmp_path: Path
) -> None:
    GroupsV1("greenroom", ("cpu",)).enter("runs/1", 4711, WANTED, in_background=True)
    groups.enter("runs/1", 4711, WANTED, in_background=True)
    assert (tmp_path / "cpu/greenroom/runs-1/cpu.shares").read_text() == "110"
    assert (tmp_path / "greenroom/runs-1/cpu.weight").read_text() == "10"


def test_without_groups_every_process_bounds_itself(memory_by_process: list[bool]) -> None:
    ProcessLimits().enter("1/0", 4711, WANTED)
    assert memory_by_process == [True]


def test_all_sandboxes_together_have_a_bound(memory_by_process: list[bool], groups: GroupsV2, tmp_path: Path) -> None:
    for version, group in ((1, GroupsV1("greenroom", ("memory", "pids"))), (2, groups)):
        group.bound(1536)
        group.enter("1/0", 4711, WANTED)
        memory = {
            1: tmp_path / "memory/greenroom/memory.limit_in_bytes",
            2: tmp_path / "greenroom/memory.max",
        }[version]
        assert memory.read_text() == str(1536 << 20)
        pids = {1: tmp_path / "pids/greenroom/pids.max", 2: tmp_path / "greenroom/pids.max"}[version]
        assert 0 < int(pids.read_text()) < int(Path("/proc/sys/kernel/pid_max").read_text())


def test_what_the_kernel_has_ended_for_memory_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: GroupsV2
) -> None:
    monkeypatch.setattr(confinement, "ROOT", tmp_path)
    first, second = GroupsV1("greenroom", ("memory",)), groups
    for group in (first, second, ProcessLimits()):
        assert (group.memory_kills("1/0"), group.has_met_limit("1/0")) == (0, False)
    (tmp_path / "memory/greenroom/1-0").mkdir(parents=True)
    (tmp_path / "memory/greenroom/1-0/memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    (tmp_path / "memory/greenroom/1-0/memory.limit_in_bytes").write_text(f"{128 << 20}\n")
    (tmp_path / "memory/greenroom/1-0/memory.max_usage_in_bytes").write_text(f"{100 << 20}\n")
    assert (first.memory_kills("1/0"), first.has_met_limit("1/0")) == (3, False)
    (tmp_path / "memory/greenroom/1-0/memory.max_usage_in_bytes").write_text(f"{128 << 20}\n")
    assert first.has_met_limit("1/0")
    (tmp_path / "greenroom/1-0").mkdir(parents=True)
    (tmp_path / "greenroom/1-0/memory.events").write_text("low 0\nmax 12\noom 0\noom_kill 2\n")
    assert (second.memory_kills("1/0"), second.has_met_limit("1/0")) == (2, False)
    (tmp_path / "greenroom/1-0/memory.events").write_text("low 0\nmax 12\noom 1\noom_kill 2\n")
    assert second.has_met_limit("1/0")
