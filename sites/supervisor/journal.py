"""What `up` tells: one line per event, on the terminal and in logs/up.log."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sites.plain_text import visible

ROTATE_BYTES = 20 * 1024 * 1024


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
        with self.path.open("a", encoding="utf-8") as file:
            file.write(visible(line, keep="\n\t") + "\n")
        self.show(line)

    def show(self, line: str) -> None:
        """A line on the terminal alone: a secret for whoever sits there."""
        with suppress(OSError, ValueError):
            sys.stdout.write(visible(line, keep="\n\t") + "\n")
            sys.stdout.flush()


def tail(path: Path, count: int = 8) -> list[str]:
    """The last lines of a log; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 16384))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line.rstrip() for line in text.split("\n") if line.strip()][-count:]


def rotate(path: Path, *, limit: int = ROTATE_BYTES) -> bool:
    """Move what a log holds to NAME.1 once it is larger than `limit` bytes; its writers append, so they go on."""
    if not path.exists() or path.stat().st_size <= limit:
        return False
    with path.open("rb+") as file, path.with_name(path.name + ".1").open("wb") as former:
        while block := file.read(1024 * 1024):
            former.write(block)
        file.truncate(0)
    return True
