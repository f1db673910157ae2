"""What a sandbox has used of the processors and uses of the memory, where no control group counts it."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one sandbox."""

    cpu_ms: int
    """Processor time since its start."""
    memory: int
    """Bytes."""


def usage_of(pids: Iterable[int]) -> Usage:
    """The sum over processes and what they have waited for; memory that they share counts once for each."""
    cpu, memory = 0.0, 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu += sum(int(ticks) for ticks in fields[11:15]) * TICK_MS
            memory += int(fields[21]) * PAGE
    return Usage(int(cpu), memory)
