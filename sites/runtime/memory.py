"""How much memory this machine has for web sites."""

from pathlib import Path

MEMORY_INFO = Path("/proc/meminfo")
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container finds its own, by the version of its control groups."""
RESERVE_MB = 1024
"""For the router and the control plane, or a quarter of a machine with less than 4 GB."""
MB = 1024 * 1024


def total_mb() -> int:
    """Of the machine, or of the container that Greenroom runs in."""
    limits = [_information()["MemTotal"] * 1024, *filter(None, map(_limit, CONTAINER_LIMITS))]
    return min(limits) // MB


def available_mb() -> int:
    """What the kernel thinks could still be used."""
    return _information()["MemAvailable"] // 1024


def offered_mb(wanted_mb: int = 0) -> int:
    """What all web sites together may use: `wanted_mb`, or the machine's memory without the reserve."""
    return wanted_mb or total_mb() - min(RESERVE_MB, total_mb() // 4)


def _information() -> dict[str, int]:
    rows = (line.split() for line in MEMORY_INFO.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) for row in rows}


def _limit(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
