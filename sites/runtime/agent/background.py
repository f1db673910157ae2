"""What no visitor waits for leaves the processor to Envoy and to the sites, and leaves it at once."""

import ctypes
import os
import platform
import struct
from contextlib import suppress
from pathlib import Path

NICENESS = 10
WEIGHT = 110 / 1024
"""Of a process of niceness 10 beside one of niceness 0, for control groups."""
SLICE_NANOSECONDS = 30_000_000
"""Who asks the scheduler for a long slice gets it later, and whoever wakes up with a shorter one goes first. Linux
before 6.12 does not look at it."""
SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
SCHED_ATTRIBUTES = struct.Struct("=IIQiIQQQII")
"""Size, policy, flags, niceness, priority, runtime (the slice), deadline, period, and two bounds of the frequency."""


def step_back(pid: int) -> None:
    """A process, what it has started in its group, and all that it will start, stand behind others from now on.

    The kernel shares the processor between sessions first where it groups them (`kernel.sched_autogroup_enabled`), and
    a niceness then counts inside its session only (sched(7)); so the session gets the same niceness. What a kernel or
    container refuses is left as it was.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PGRP, pid, NICENESS)
    for thread in _threads(pid):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, NICENESS)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS))
    for thread in _threads(pid):
        ask_for_slices(thread)


def _threads(pid: int) -> list[int]:
    """Numbers of a process's threads: Linux has a niceness for each, and new ones inherit that of their maker."""
    try:
        return [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]
    except FileNotFoundError:
        return []


def ask_for_slices(pid: int, nanoseconds: int = SLICE_NANOSECONDS) -> None:
    """A thread has its share of the processor in slices of that length from now on; 0: in those of the system."""
    number = SCHED_SETATTR.get(platform.machine())
    if number is None:
        return
    with suppress(ProcessLookupError):
        niceness = os.getpriority(os.PRIO_PROCESS, pid)
        attributes = SCHED_ATTRIBUTES.pack(
            SCHED_ATTRIBUTES.size, os.SCHED_OTHER, 0, niceness, 0, nanoseconds, 0, 0, 0, 0
        )
        ctypes.CDLL(None).syscall(number, pid, attributes, 0)
