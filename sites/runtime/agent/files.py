"""The agent's files, written by rename."""

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

READABLE = 0o644


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


def write_shown(path: Path, text: str) -> None:
    """A file that every sandbox may read, and that several threads may write at once.

    A sandbox that runs keeps the file that it was started with. One that is right already is left alone, because bwrap
    cannot mount a file that is replaced at that moment.
    """
    if _shows(path, text):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{threading.get_ident()}")
    new.write_text(text)
    new.chmod(READABLE)
    new.replace(path)


def _shows(path: Path, text: str) -> bool:
    try:
        return path.read_text() == text and stat.S_IMODE(path.stat().st_mode) == READABLE
    except (OSError, UnicodeDecodeError):
        return False
