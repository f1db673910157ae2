"""Memory, processes and processor time of a sandbox: control groups of version 1 or 2, else process limits."""

import os
import resource
from pathlib import Path
from typing import Protocol

from sites.runtime.agent.background import WEIGHT
from sites.runtime.spec import Limits

ROOT = Path("/sys/fs/cgroup")
V1_CONTROLLERS = ("memory", "pids", "cpu")
PERIOD_MICROSECONDS = 100_000


class Confinement(Protocol):
    """Puts processes under limits, by the key of their sandbox."""

    fact: str

    def enter(self, key: str, pid: int, limits: Limits, *, in_background: bool = False) -> None:
        """The process and all that it will start are bounded from now on; in the background, others go first."""

    def leave(self, key: str) -> None:
        """The sandbox has ended for good."""


def _write(path: Path, value: object) -> None:
    try:
        path.write_text(str(value))
    except OSError:
        return  # a controller that lacks this file bounds less; the level report names what is there


def _remove(group: Path) -> None:
    try:
        group.rmdir()
    except OSError:
        return  # gone, or still in use by a process that is just ending


def _share_of(usual: int, in_background: bool) -> int:
    return int(usual * WEIGHT) if in_background else usual


def set_process_limits(pid: int, limits: Limits, *, with_memory: bool) -> None:
    """Open files and core dumps always; memory only where no control group counts it."""
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    files = 65536 if most == resource.RLIM_INFINITY else min(65536, most)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, files))
    resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    if with_memory:
        # Of each process; generous, because stacks and runtimes reserve more than they use
        size = max(2 * limits.memory_mb, limits.memory_mb + 512) * 1024 * 1024
        resource.prlimit(pid, resource.RLIMIT_DATA, (size, size))


class GroupsV1:
    """One group per controller."""

    def __init__(self, name: str, controllers: tuple[str, ...]) -> None:
        self._name = name
        self._controllers = controllers
        self.fact = f"limits by control groups (version 1: {', '.join(controllers)})"

    def enter(self, key: str, pid: int, limits: Limits, *, in_background: bool = False) -> None:
        """See Confinement.enter."""
        size = limits.memory_mb * 1024 * 1024
        values = {
            "memory": (("memory.limit_in_bytes", size), ("memory.memsw.limit_in_bytes", size)),
            "pids": (("pids.max", limits.processes),),
            "cpu": (
                ("cpu.cfs_period_us", PERIOD_MICROSECONDS),
                ("cpu.cfs_quota_us", int(limits.cpus * PERIOD_MICROSECONDS)),
                ("cpu.shares", _share_of(1024, in_background)),
            ),
        }
        for controller in self._controllers:
            group = ROOT / controller / self._name / key.replace("/", "-")
            group.mkdir(parents=True, exist_ok=True)
            for file, value in values[controller]:
                _write(group / file, value)
            _write(group / "cgroup.procs", pid)
        set_process_limits(pid, limits, with_memory="memory" not in self._controllers)

    def leave(self, key: str) -> None:
        """See Confinement.leave."""
        for controller in self._controllers:
            _remove(ROOT / controller / self._name / key.replace("/", "-"))
            _remove(ROOT / controller / self._name)


class GroupsV2:
    """One group with all controllers; of its own at the top, because a group with processes can have no children."""

    fact = "limits by control groups (version 2, not tried on a real machine yet)"

    def __init__(self, name: str) -> None:
        self._group = ROOT / name

    def enter(self, key: str, pid: int, limits: Limits, *, in_background: bool = False) -> None:
        """See Confinement.enter."""
        group = self._group / key.replace("/", "-")
        group.mkdir(parents=True, exist_ok=True)
        enabled = " ".join(f"+{controller}" for controller in V1_CONTROLLERS)
        _write(ROOT / "cgroup.subtree_control", enabled)
        _write(self._group / "cgroup.subtree_control", enabled)
        _write(group / "memory.max", limits.memory_mb * 1024 * 1024)
        _write(group / "memory.swap.max", 0)
        _write(group / "pids.max", limits.processes)
        _write(group / "cpu.max", f"{int(limits.cpus * PERIOD_MICROSECONDS)} {PERIOD_MICROSECONDS}")
        _write(group / "cpu.weight", _share_of(100, in_background))
        _write(group / "cgroup.procs", pid)
        set_process_limits(pid, limits, with_memory=not (group / "memory.max").exists())

    def leave(self, key: str) -> None:
        """See Confinement.leave."""
        _remove(self._group / key.replace("/", "-"))
        _remove(self._group)


class ProcessLimits:
    """What every process may set for itself; nothing bounds the sum of them."""

    fact = "limits per process only (no control groups to write to)"

    def enter(self, key: str, pid: int, limits: Limits, *, in_background: bool = False) -> None:
        """See Confinement.enter."""
        set_process_limits(pid, limits, with_memory=True)

    def leave(self, key: str) -> None:
        """See Confinement.leave."""


def find_confinement(name: str) -> Confinement:
    """The best that this machine offers to this user; `name` is the group of the installation."""
    if os.geteuid() == 0:
        if (ROOT / "cgroup.controllers").exists() and os.access(ROOT / "cgroup.subtree_control", os.W_OK):
            return GroupsV2(name)
        present = tuple(
            controller
            for controller in V1_CONTROLLERS
            if os.path.ismount(ROOT / controller) or (ROOT / controller).is_symlink()
            if os.access(ROOT / controller / "cgroup.procs", os.W_OK)
        )
        if present:
            return GroupsV1(name, present)
    return ProcessLimits()
