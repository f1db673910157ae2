"""What `up` tells, shown by the commands that wait for it."""

from pathlib import Path
from typing import Protocol


class Stream(Protocol):
    """The standard output of a command of Django."""

    def write(self, msg: str, *, ending: str) -> object:
        """Write."""

    def flush(self) -> None:
        """Send what was written."""


def tell_from(log: Path, offset: int, stream: Stream) -> int:
    """Write what the log has behind `offset` (bytes), and return where it ends now."""
    if not log.exists() or log.stat().st_size < offset:
        return 0  # it has just become up.log.1
    with log.open("rb") as file:
        file.seek(offset)
        text = file.read()
    if text:
        stream.write(text.decode("utf-8", "replace"), ending="")
        stream.flush()
    return offset + len(text)
