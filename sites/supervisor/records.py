"""What the run folder remembers of processes, so that another `up` finds them again."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from sites.runtime.agent.identity import Identity


@dataclass(frozen=True, slots=True)
class Record:
    """One process, which another `up` can adopt."""

    name: str
    identity: Identity
    command_digest: str
    started_at: float
    """Seconds since the epoch, for people."""
    restarts: int = 0
    last_hang: str = ""
    """Of one that hung and was replaced, for people: what it did not do, and when."""
    code: str = ""
    """The code that it was started with; see Component.code."""
    predecessors: int = 0
    """How many processes have handed over one to the next before it."""
    until: float = 0.0
    """Of one that finishes what it serves: seconds since the epoch at which it is ended. 0: it goes on."""


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
    identity = record.identity
    known = {"boot_id": identity.boot, "pid": identity.pid, "start_ticks": identity.starttime}
    temporary = folder / f"{record.name}.json.{os.getpid()}"
    temporary.write_text(json.dumps({**asdict(record), "identity": known}))
    temporary.replace(folder / f"{record.name}.json")


def read_record(folder: Path, name: str) -> Record | None:
    """What is remembered of `name`; None when nothing legible is."""
    try:
        data = json.loads((folder / f"{name}.json").read_text())
        known = data["identity"]
        identity = Identity(pid=known["pid"], starttime=known["start_ticks"], boot=known["boot_id"])
        return Record(**{**data, "identity": identity})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def forget_record(folder: Path, name: str) -> None:
    """The process has ended for good."""
    (folder / f"{name}.json").unlink(missing_ok=True)
