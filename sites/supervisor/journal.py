"""What `up` tells: one line per event, on the terminal and in logs/up.log."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sites.logs.files import append

LOG_BYTES = 20 * 1024 * 1024
"""Of each log in the folder `logs`, with what came before it."""


class Journal:
    """Lines with their UTC time; a terminal that has gone away stops nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def say(self, name: str, text: str, lines: Iterable[str] = ()) -> None:
        """One event of the part `name`, with lines that it left."""
        time = datetime.now(UTC).strftime("%H:%M:%S")
        self.write(f"{time}  {name:<14} {text}")
        for line in lines:
            self.write(f"          {'':<14} | {line}")

    def write(self, line: str) -> None:
        """A line as it stands."""
        append(self.path, f"{line}\n".encode(errors="replace"), LOG_BYTES)
        with suppress(OSError, ValueError):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
