"""What the parts of an installation use: processor time in nanoseconds, memory in megabytes."""

import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.runtime.agent.identity import parent_of
from sites.supervisor.records import read_record

ROUTER = "envoy"
WITHOUT_CHILDREN = ("agent",)
"""Its children are the instances of the sites."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds of each part since it began."""

    at: float
    """Monotonic seconds."""
    seconds: dict[str, float]

    def since(self, before: "Usage") -> dict[str, float]:
        """Processor seconds of each part between two looks."""
        return {name: used - before.seconds.get(name, 0.0) for name, used in self.seconds.items()}


def usage() -> Usage:
    """A look at all parts that run; their processes are found anew, since a worker may replace its own."""
    return Usage(time.monotonic(), {name: sum(map(cpu_seconds, family)) for name, family in families().items()})


def families() -> dict[str, set[int]]:
    """Part that runs → its process and those that it has started."""
    parents = _parents()
    found = {}
    for path in settings.RUN_DIR.glob("*.json"):
        record = read_record(settings.RUN_DIR, path.stem)
        if record is not None and record.identity.is_alive():
            pid = record.identity.pid
            found[record.name] = {pid} if record.name in WITHOUT_CHILDREN else {pid, *_descendants(pid, parents)}
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a process by the scheduler's own count in nanoseconds, its ended threads included.

    /proc/PID/task/*/schedstat shows the same count, for living threads only. 0 when the process has ended.
    """
    clock = (~pid << 3) | 2  # the kernel's CPUCLOCK_SCHED of a process
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0


def busy_share(seconds: float) -> float:
    """Share of all processors that was busy during the next `seconds`, with whatever."""
    before = _ticks()
    time.sleep(seconds)
    after = _ticks()
    total, idle = (later - sooner for later, sooner in zip(after, before, strict=True))
    return 1 - idle / total if total else 0.0


def _ticks() -> tuple[int, int]:
    """All ticks of the machine so far, and the idle ones of them."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields), fields[3] + fields[4]


def memory_mb(name: str) -> float:
    """Memory of a part, shared pages by their share (PSS)."""
    record = read_record(settings.RUN_DIR, name)
    return 0.0 if record is None else pss_mb(record.identity.pid)


def pss_mb(pid: int) -> float:
    """Memory of a process in megabytes, pages that several processes share by their share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _parents() -> dict[int, int]:
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return {pid: parent for pid in pids if (parent := parent_of(pid)) is not None}


def _descendants(pid: int, parents: dict[int, int]) -> set[int]:
    children = {child for child, parent in parents.items() if parent == pid}
    return children.union(*(_descendants(child, parents) for child in children))
