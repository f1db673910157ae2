"""Which process is meant: a pid alone may belong to a stranger after a restart of the machine or a wrap-around."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """One process of one boot of the machine."""

    boot_id: str
    pid: int
    start_ticks: int
    """Start time in clock ticks since boot, field 22 of /proc/PID/stat."""

    def is_alive(self) -> bool:
        """Whether that very process still runs; a zombie does not."""
        return self.boot_id == current_boot_id() and start_ticks(self.pid) == self.start_ticks


@dataclass(frozen=True, slots=True)
class Record:
    """What the run folder remembers of a process, so that another `up` can adopt it."""

    name: str
    identity: Identity
    command_digest: str
    started_at: float
    """Seconds since the epoch, for people."""
    restarts: int = 0
    last_hang: str = ""
    """Of one that hung and was replaced, for people: what it did not do, and when."""


def current_boot_id() -> str:
    """The kernel's name for this boot."""
    return BOOT_ID.read_text().strip()


def start_ticks(pid: int) -> int | None:
    """Start time of a process in ticks since boot; None when there is none, or only its zombie."""
    fields = read_stat(pid)
    return None if fields is None or fields[0] in "ZX" else int(fields[19])


def parent_of(pid: int) -> int | None:
    """Process id of a process's parent."""
    fields = read_stat(pid)
    return None if fields is None else int(fields[1])


def read_stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from the third field on, the state; the second, a name, may hold spaces and brackets."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read().decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return stat[stat.rindex(")") + 2 :].split()


def identity_of(pid: int) -> Identity | None:
    """The identity of a running process."""
    ticks = start_ticks(pid)
    return None if ticks is None else Identity(current_boot_id(), pid, ticks)


def digest_of(command: Iterable[str], *contents: bytes) -> str:
    """A digest of a command line and of the configuration that it reads."""
    digest = hashlib.sha256()
    for part in command:
        digest.update(part.encode() + b"\0")
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def write_record(folder: Path, record: Record) -> None:
    """Remember a process; the file appears whole or not at all."""
    temporary = folder / f"{record.name}.json.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(record)))
    temporary.replace(folder / f"{record.name}.json")


def read_record(folder: Path, name: str) -> Record | None:
    """What is remembered of `name`; None when nothing legible is."""
    try:
        data = json.loads((folder / f"{name}.json").read_text())
        return Record(**{**data, "identity": Identity(**data["identity"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def forget_record(folder: Path, name: str) -> None:
    """The process has ended for good."""
    (folder / f"{name}.json").unlink(missing_ok=True)
