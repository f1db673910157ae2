"""What `up` tells: one line per event, on the terminal and in logs/up.log."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sites.logs.files import append
from sites.plain_text import visible

LOG_BYTES = 20 * 1024 * 1024
"""Of each log in the folder `logs`, with what came before it."""


class Journal:
    """Lines with their UTC time; a terminal that has gone away stops nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def say(self, name: str, text: str, lines: Iterable[str] = ()) -> None:
        """One event of the part `name`, with lines that it left."""
        time = datetime.now(UTC).strftime("%H:%M:%S")
        first, *rest = text.split("\n")
        self.write(f"{time}  {name:<14} {first}")
        for line in (*rest, *lines):
            self.write(f"          {'':<14} | {line}")

    def write(self, line: str) -> None:
        """A line in both places."""
        text = visible(line, keep="\n\t") + "\n"
        append(self.path, text.encode(errors="replace"), LOG_BYTES)
        self.show(line)

    def show(self, line: str) -> None:
        """A line on the terminal alone: a secret for whoever sits there."""
        with suppress(OSError, ValueError):
            sys.stdout.write(visible(line, keep="\n\t") + "\n")
            sys.stdout.flush()
