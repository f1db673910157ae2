"""The agent's files: JSON written by rename, logs read from their end and kept short."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

LOG_LIMIT_BYTES = 8 * 1024 * 1024
TAIL_BYTES = 256 * 1024


def write_json(path: Path, data: Any, *, is_durable: bool = True) -> None:
    """The file is either the old or the new one; only the agent's user may read it.

    What describes running processes need not be durable: it must outlive the agent, not the machine.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(path.name + ".new")
    with open(temporary, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
        json.dump(data, stream)
        stream.flush()
        if is_durable:
            os.fsync(stream.fileno())
    temporary.replace(path)


def read_json(path: Path) -> Any | None:
    """None when there is none, or one that a full disk has cut short."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def note(log: Path, sentence: str) -> None:
    """Adds a line of ours to what a process writes; nothing when that cannot be."""
    with suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, f"{sentence}\n".encode(errors="replace"))
        finally:
            os.close(descriptor)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log and, when it was just cut, of the one before it."""
    found: list[str] = []
    for part in (path, path.with_name(path.name + ".1")):
        if len(found) < lines and part.exists():
            with part.open("rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - TAIL_BYTES))
                found = stream.read().decode(errors="replace").splitlines() + found
    return found[-lines:] if lines > 0 else []


def rotate(path: Path, limit: int = LOG_LIMIT_BYTES) -> bool:
    """Copies a log that has grown too long aside and empties it: its writer holds it open for appending."""
    try:
        if path.stat().st_size <= limit:
            return False
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)
    except FileNotFoundError:
        return False
    return True
