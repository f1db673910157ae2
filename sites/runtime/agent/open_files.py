"""What the processes of a sandbox have on disk although no folder shows it, and how much they have written.

Whose processes they are decides how a file is kept without a name: open in any thread, mapped, run, or on its way
through a socket; and how long it takes to find out.
"""

import ctypes
import os
import stat
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pyseccomp

from sites.disk.use import BLOCK, Use
from sites.runtime.agent.identity import children_of

MAX_LOOKS = 400_000
"""Descriptors, sockets and mapped areas of one sandbox, which is about 2 s of a processor; with more it is not known
what they hold. Without a bound 512 processes with 65,536 descriptors each would keep the agent busy for minutes."""
STEP_BYTES = 256 * 1024 * 1024
LOOKS_IN_FLIGHT = 3
ENDING_SECONDS = 0.05
KCMP = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, "kcmp")
KCMP_FILES = 2

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a sandbox has on disk although no folder shows it."""

    use: Use = field(default_factory=Use)
    in_flight: int = 0
    """Descriptors that one process has sent to another one through a socket (SCM_RIGHTS), and nobody has received."""


@dataclass(slots=True)
class InFlight:
    """Files on their way through sockets can be counted and not looked at.

    Programs hand over connections like this, and soon receive them. So only where some are on their way at every
    look, what the disk loses meanwhile is taken for theirs.
    """

    looks: int = 0
    free_bytes: int = 0
    """When the first were seen."""

    def may_hide(self, count: int, free_bytes: int) -> bool:
        """Whether they may hide more than STEP_BYTES; to be asked at every look."""
        self.looks = self.looks + 1 if count else 0
        if self.looks <= 1:
            self.free_bytes = free_bytes
        return self.looks >= LOOKS_IN_FLIGHT and self.free_bytes - free_bytes > STEP_BYTES


def processes_below(pid: int) -> list[int]:
    """A process and all that it has started, directly or not."""
    found = [pid]
    for each in found:
        found.extend(children_of(each))
    return found


def deleted_but_open(pids: Iterable[int], devices: Container[int]) -> Hidden:
    """Files of these file systems that have no name any more and live on because a process has them.

    `is_complete` is False where there is more to look at than MAX_LOOKS, or where the kernel does not tell.
    """
    sizes: dict[tuple[int, int], int] = {}
    in_flight = looks = 0
    is_complete = True
    for pid in pids:
        for path in _held(pid):
            looks += 1
            if looks > MAX_LOOKS:
                return Hidden(Use(sum(sizes.values()), len(sizes), is_complete=False), in_flight)
            if path is None:
                continue
            try:
                found = os.stat(path)
            except OSError:
                continue
            if stat.S_ISSOCK(found.st_mode):
                looks += 1
                in_flight += _in_flight(path)
            elif found.st_dev in devices and found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
                sizes[found.st_dev, found.st_ino] = found.st_blocks * BLOCK
        is_complete = is_complete and not _is_without_its_first_thread(pid)
    return Hidden(Use(sum(sizes.values()), len(sizes), is_complete), in_flight)


def written_bytes(pids: Iterable[int]) -> int:
    """What they and their former children have caused to be written: proc(5), write_bytes."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/io") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))
        except (OSError, StopIteration):
            continue
    return total


def _held(pid: int) -> Iterator[str | None]:
    """Paths of what a process holds; None for what had to be looked at and is no file without a name."""
    yield f"/proc/{pid}/exe"
    for folder in _tables(pid):
        for name in _names_in(folder):
            yield f"{folder}/{name}"
    for line in _maps(f"/proc/{pid}/maps"):
        yield f"/proc/{pid}/map_files/{line.split(' ', 1)[0]}" if line.endswith("(deleted)\n") else None


def _tables(pid: int) -> Iterator[str]:
    """A folder of descriptors for each table: a thread can have one of its own, and outlive the first thread."""
    yield f"/proc/{pid}/fd"
    for thread in _names_in(f"/proc/{pid}/task"):
        if int(thread) != pid and _libc.syscall(KCMP, pid, int(thread), KCMP_FILES, 0, 0) != 0:
            yield f"/proc/{pid}/task/{thread}/fd"


def _is_without_its_first_thread(pid: int) -> bool:
    """Then the kernel does not tell what the other threads have mapped; a process that just ends is soon gone."""
    for pause in (0.0, ENDING_SECONDS):
        time.sleep(pause)
        if len(_names_in(f"/proc/{pid}/task")) < 2:
            return False
        try:
            os.stat(f"/proc/{pid}/exe")
        except FileNotFoundError:
            continue
        except OSError:
            return False
        return False
    return True


def _in_flight(path: str) -> int:
    """Of one socket, by /proc/PID/fd/NUMBER; 0 for kernels before 5.5."""
    with suppress(OSError, ValueError), open(path.replace("/fd/", "/fdinfo/")) as file:
        return next((int(line.split()[1]) for line in file if line.startswith("scm_fds:")), 0)
    return 0


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _maps(path: str) -> Iterator[str]:
    try:
        with open(path, errors="replace") as file:
            yield from file
    except OSError:
        return
