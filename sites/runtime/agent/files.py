"""The agent's files: JSON, written by rename."""

import json
import os
from pathlib import Path
from typing import Any


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
