"""Which process is meant: (boot, pid, start time), because a pid alone is given to strangers again."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@cache
def boot_id() -> str:
    """Differs after every boot of the machine; start times count from there."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, never taken for another one."""

    pid: int
    starttime: int
    """In clock ticks since boot, field 22 of /proc/PID/stat."""
    boot: str

    def is_alive(self) -> bool:
        """Whether that very process still runs; a zombie does not."""
        return identify(self.pid) == self


def read_stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from the third field on, the state; the second, a name, may hold spaces and brackets."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # some are read many times a second, and a Path costs more
            text = file.read().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()


def identify(pid: int) -> Identity | None:
    """None when the process has ended, even if nobody has collected it yet."""
    fields = read_stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    return Identity(pid=pid, starttime=int(fields[19]), boot=boot_id())


def parent_of(pid: int) -> int | None:
    """Process id of a process's parent; None when there is no such process."""
    fields = read_stat(pid)
    return None if fields is None else int(fields[1])


def open_pidfd(identity: Identity | None) -> int | None:
    """A descriptor that becomes readable when exactly that process ends; None when it has."""
    if identity is None or identity.boot != boot_id():
        return None
    try:
        descriptor = os.pidfd_open(identity.pid)
    except OSError:
        return None
    if identify(identity.pid) != identity:
        os.close(descriptor)
        return None
    return descriptor


def send(identity: Identity | None, number: signal.Signals) -> bool:
    """Signals exactly that process; False when it has ended."""
    descriptor = open_pidfd(identity)
    if descriptor is None:
        return False
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def children_of(pid: int) -> list[int]:
    """Direct children, whichever thread started them; asks every process where the kernel keeps no list."""
    try:
        found = _started_by(pid, pid)
    except FileNotFoundError:
        return _children_by_asking(pid)
    with suppress(FileNotFoundError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            if int(thread) != pid:
                with suppress(FileNotFoundError, ProcessLookupError):
                    found += _started_by(pid, int(thread))
    return found


def _started_by(pid: int, thread: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()]


def _children_by_asking(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := read_stat(int(entry.name))) is not None and int(fields[1]) == pid:
            found.append(int(entry.name))
    return found


def command_name(pid: int) -> str:
    """The short name of a process, '' when it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_bytes().decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
