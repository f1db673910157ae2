"""Memory, processes and processor time of a sandbox: control groups of version 1 or 2, else process limits.

All sandboxes lie in one group with a bound of its own, so that what their limits allow together never takes the
memory of the router and the control plane; when it is reached, the kernel ends a process of a site.
"""

import logging
import os
import resource
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sites.runtime.agent.background import WEIGHT
from sites.runtime.agent.delegation import CONTROLLERS, ROOT, Delegation, find_delegations
from sites.runtime.agent.usage import Usage
from sites.runtime.spec import Limits

PERIOD_MICROSECONDS = 100_000
MB = 1024 * 1024
NO_CORE = 1
"""Bytes of a core dump. With 0 the kernel writes no file, but where `core_pattern` names a program of the machine, it
starts that as root, outside the sandbox; with 1 it does neither (core(5), and fs/coredump.c of the kernel)."""
PROCESS_BOUNDS = (Path("/proc/sys/kernel/pid_max"), Path("/proc/sys/kernel/threads-max"))
PROCESS_SHARE = 0.75
"""Of what the machine can have, for all sandboxes together."""

logger = logging.getLogger(__name__)


class Confinement(Protocol):
    """Puts processes under limits, by the key of their sandbox."""

    fact: str

    def take(self) -> None:
        """Makes what all sandboxes share, before the first one enters. Raises OSError."""

    def bound(self, memory_mb: int) -> None:
        """All sandboxes together use no more memory from now on."""

    def enter(self, key: str, pid: int, limits: Limits, *, in_background: bool = False) -> None:
        """The process and all that it will start are bounded from now on; in the background, others go first.

        Raises OSError when it cannot be bounded.
        """

    def memory_kills(self, key: str) -> int:
        """How many processes of a sandbox the kernel has ended because memory ran out; 0 where nobody counts."""

    def has_met_limit(self, key: str) -> bool:
        """Whether a sandbox itself has asked for more memory than its limit; if not, all of them together have."""

    def usage(self, key: str) -> Usage | None:
        """What a sandbox has used; None where nobody counts it together."""

    def leave(self, key: str) -> bool:
        """The sandbox has ended for good; False while something of it is still ending: then say it again."""


def _write(path: Path, value: object) -> None:
    try:
        path.write_text(str(value))
    except OSError:
        return  # a controller that lacks this file bounds less; the level report names what is there


def _remove(group: Path) -> bool:
    """False when a process in it is just ending."""
    with suppress(OSError):
        group.rmdir()
    return not group.exists()


def _share_of(usual: int, in_background: bool) -> int:
    return int(usual * WEIGHT) if in_background else usual


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _counted(path: Path, name: str) -> int:
    """A number of a file with a name and a number on each line; 0 where there is none."""
    rows = dict(line.split(maxsplit=1) for line in _read(path).splitlines())
    return int(rows.get(name, 0))


def _max_processes() -> int:
    return int(min(int(path.read_text()) for path in PROCESS_BOUNDS) * PROCESS_SHARE)


def set_process_limits(pid: int, limits: Limits, *, with_memory: bool) -> None:
    """Open files and core dumps always; memory only where no control group counts it."""
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    files = 65536 if most == resource.RLIM_INFINITY else min(65536, most)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, files))
    _, most = resource.prlimit(pid, resource.RLIMIT_CORE)
    core = NO_CORE if most == resource.RLIM_INFINITY or os.geteuid() == 0 else min(NO_CORE, most)
    resource.prlimit(pid, resource.RLIMIT_CORE, (core, core))
    if with_memory:
        # Of each process; generous, because stacks and runtimes reserve more than they use
        size = max(2 * limits.memory_mb, limits.memory_mb + 512) * MB
        resource.prlimit(pid, resource.RLIMIT_DATA, (size, size))


class GroupsV1:
    """One group per controller."""

    def __init__(self, name: str, controllers: tuple[str, ...]) -> None:
        self._name = name
        self._controllers = controllers
        self._memory_mb = 0
        self.fact = f"limits by control groups (version 1: {', '.join(controllers)})"

    def take(self) -> None:
        """See Confinement.take."""

    def bound(self, memory_mb: int) -> None:
        """See Confinement.bound."""
        self._memory_mb = memory_mb
        for controller in self._controllers:
            parent = ROOT / controller / self._name
            parent.mkdir(parents=True, exist_ok=True)
            if controller == "memory" and memory_mb:
                _write(parent / "memory.limit_in_bytes", memory_mb * MB)
            if controller == "pids":
                _write(parent / "pids.max", _max_processes())

    def enter(self, key: str, pid: int, limits: Limits, *, in_background: bool = False) -> None:
        """See Confinement.enter."""
        self.bound(self._memory_mb)
        size = limits.memory_mb * MB
        values = {
            "memory": (
                ("memory.limit_in_bytes", size),
                ("memory.memsw.limit_in_bytes", size),
                ("memory.kmem.tcp.limit_in_bytes", size),  # version 1 counts no buffer of TCP before it has a limit
            ),
            "pids": (("pids.max", limits.processes),),
            "cpu": (
                ("cpu.cfs_period_us", PERIOD_MICROSECONDS),
                ("cpu.cfs_quota_us", int(limits.cpus * PERIOD_MICROSECONDS)),
                ("cpu.shares", _share_of(1024, in_background)),
            ),
        }
        for controller in self._controllers:
            group = self._group(controller, key)
            group.mkdir(parents=True, exist_ok=True)
            for file, value in values[controller]:
                _write(group / file, value)
            _write(group / "cgroup.procs", pid)
        set_process_limits(pid, limits, with_memory="memory" not in self._controllers)

    def memory_kills(self, key: str) -> int:
        """See Confinement.memory_kills."""
        return _counted(self._group("memory", key) / "memory.oom_control", "oom_kill")

    def has_met_limit(self, key: str) -> bool:
        """See Confinement.has_met_limit."""
        group = self._group("memory", key)  # memory.failcnt stays 0 with new kernels
        most, limit = (_read(group / f"memory.{name}_in_bytes") for name in ("max_usage", "limit"))
        return most != "" and int(most) > int(limit) - MB

    def usage(self, key: str) -> Usage | None:
        """See Confinement.usage; the two controllers of processor time are in one hierarchy nearly everywhere."""
        cpu, memory = self._group("cpu", key) / "cpuacct.usage", self._group("memory", key)
        used, total = _read(cpu), _read(memory / "memory.usage_in_bytes")
        if not used or not total:
            return None
        return Usage(int(used) // 1_000_000, int(total) - _counted(memory / "memory.stat", "total_inactive_file"))

    def leave(self, key: str) -> bool:
        """See Confinement.leave."""
        are_gone = [_remove(self._group(controller, key)) for controller in self._controllers]
        for controller in self._controllers:
            _remove(ROOT / controller / self._name)
        return all(are_gone)

    def _group(self, controller: str, key: str) -> Path:
        return ROOT / controller / self._name / key.replace("/", "-")


class GroupsV2:
    """One group with all controllers for each sandbox, below a group that has no processes."""

    def __init__(self, delegation: Delegation) -> None:
        self._delegation = delegation
        self._parent = Path()
        self.fact = f"limits by control groups (version 2: {', '.join(delegation.controllers)}, {delegation.fact})"

    def take(self) -> None:
        """See Confinement.take."""
        self._parent = self._delegation.take()

    def bound(self, memory_mb: int) -> None:
        """See Confinement.bound."""
        if memory_mb and "memory" in self._delegation.controllers:
            _write(self._parent / "memory.max", memory_mb * MB)
        if "pids" in self._delegation.controllers:
            _write(self._parent / "pids.max", _max_processes())

    def enter(self, key: str, pid: int, limits: Limits, *, in_background: bool = False) -> None:
        """See Confinement.enter."""
        group = self._group(key)
        group.mkdir(exist_ok=True)
        values: dict[str, dict[str, object]] = {
            "memory": {"memory.max": limits.memory_mb * MB},
            "pids": {"pids.max": limits.processes},
            "cpu": {
                "cpu.max": f"{int(limits.cpus * PERIOD_MICROSECONDS)} {PERIOD_MICROSECONDS}",
                "cpu.weight": _share_of(100, in_background),
            },
        }
        for controller in self._delegation.controllers:
            for file, value in values[controller].items():
                (group / file).write_text(str(value))
        _write(group / "memory.swap.max", 0)  # a kernel without swap has none
        _write(group / "memory.oom.group", 1)  # what is left of a site after one of its processes helps nobody
        (group / "cgroup.procs").write_text(str(pid))
        set_process_limits(pid, limits, with_memory="memory" not in self._delegation.controllers)

    def memory_kills(self, key: str) -> int:
        """See Confinement.memory_kills."""
        return _counted(self._group(key) / "memory.events", "oom_kill")

    def has_met_limit(self, key: str) -> bool:
        """See Confinement.has_met_limit."""
        return _counted(self._group(key) / "memory.events", "oom") > 0

    def usage(self, key: str) -> Usage | None:
        """See Confinement.usage."""
        group = self._group(key)
        total = _read(group / "memory.current")
        if not total:
            return None
        used = _counted(group / "cpu.stat", "usage_usec") // 1000
        return Usage(used, int(total) - _counted(group / "memory.stat", "inactive_file"))

    def leave(self, key: str) -> bool:
        """See Confinement.leave."""
        _write(self._group(key) / "cgroup.kill", 1)
        return _remove(self._group(key))

    def _group(self, key: str) -> Path:
        return self._parent / key.replace("/", "-")


class ProcessLimits:
    """What every process may set for itself; nothing bounds the sum of them."""

    fact = "limits per process only, nothing bounds their sum (no control groups to write to)"

    def take(self) -> None:
        """See Confinement.take."""

    def bound(self, memory_mb: int) -> None:
        """See Confinement.bound."""

    def enter(self, key: str, pid: int, limits: Limits, *, in_background: bool = False) -> None:
        """See Confinement.enter."""
        set_process_limits(pid, limits, with_memory=True)

    def memory_kills(self, key: str) -> int:
        """See Confinement.memory_kills."""
        return 0

    def has_met_limit(self, key: str) -> bool:
        """See Confinement.has_met_limit."""
        return False

    def usage(self, key: str) -> Usage | None:
        """See Confinement.usage."""
        return None

    def leave(self, key: str) -> bool:
        """See Confinement.leave."""
        return True


def find_confinement(name: str) -> Confinement:
    """The best that this machine offers to this user, not taken yet; `name` is the group of the installation."""
    return _candidates(name)[0]


def take_confinement(name: str) -> Confinement:
    """The best that this machine really gives, ready for sandboxes."""
    *candidates, last = _candidates(name)
    for candidate in candidates:
        try:
            candidate.take()
        except (OSError, subprocess.SubprocessError) as error:
            logger.warning("There are no %s: %s", candidate.fact, error)
        else:
            return candidate
    return last


def _candidates(name: str) -> list[Confinement]:
    """Best first; the last one is always there."""
    if (ROOT / "cgroup.controllers").exists():
        return [*map(GroupsV2, find_delegations(name)), ProcessLimits()]
    present = tuple(
        controller
        for controller in CONTROLLERS
        if os.path.ismount(ROOT / controller) or (ROOT / controller).is_symlink()
        if os.access(ROOT / controller / "cgroup.procs", os.W_OK)
    )
    return [GroupsV1(name, present), ProcessLimits()] if present and os.geteuid() == 0 else [ProcessLimits()]
