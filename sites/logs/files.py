"""One log is two files: NAME and, before it, NAME.1. Together they never hold more than their limit."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LIMIT_BYTES = 8 * 1024 * 1024
TAIL_BYTES = 256 * 1024
"""How much of the end is read to find the last lines."""
LINE_LENGTH = 2000
"""Of a longer line only beginning and end are shown."""
BLOCK = 64 * 1024


def append(log: Path, data: bytes, limit: int = LIMIT_BYTES) -> None:
    """Write at the end; a file that has reached half of the limit becomes NAME.1. Raises OSError."""
    while data:
        with open(log, "ab", buffering=0, opener=_private) as file:
            room = max(0, limit // 2 - file.tell())
            data = data[file.write(data[:room]) :]
            is_full = file.tell() >= limit // 2
        if is_full:
            os.replace(log, _former(log))


def shorten(log: Path, limit: int = LIMIT_BYTES) -> None:
    """Keep the end of a log that its writer holds open for appending, as parts of an older Greenroom do."""
    half = limit // 2
    if not log.exists() or log.stat().st_size <= half:
        return
    with open(log, "rb+") as file, open(_former(log), "wb", opener=_private) as kept:
        file.seek(-half, os.SEEK_END)
        for block in _read(file, half):
            kept.write(block)
        file.truncate(0)


def tail(log: Path, lines: int, *, max_bytes: int = TAIL_BYTES) -> list[str]:
    """The last lines, from at most `max_bytes` of the end; none of a log that is not there."""
    data = b""
    for file in opened(log):
        with file:
            left = max_bytes - len(data)
            file.seek(max(0, file.seek(0, os.SEEK_END) - left))
            data = file.read(left) + data
    found = data.decode(errors="replace").splitlines()
    return [_cut(line) for line in found[-lines:]] if lines > 0 else []


def ends_inside_line(log: Path) -> bool:
    """Whether its last line is not complete."""
    for file in opened(log):
        with file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                return file.read(1) != b"\n"
    return False


def blocks(log: Path) -> Iterator[bytes]:
    """All that is kept, the oldest first; what is written meanwhile is left out."""
    for file in reversed(opened(log)):
        with file:
            yield from _read(file, os.fstat(file.fileno()).st_size)


def remove(log: Path) -> None:
    """Both files."""
    for path in (log, _former(log)):
        path.unlink(missing_ok=True)


def _former(log: Path) -> Path:
    return log.with_name(log.name + ".1")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def opened(log: Path) -> list[BinaryIO]:
    """The files that there are, the newest first; in this order one that moves aside meanwhile is not missed."""
    found: list[BinaryIO] = []
    for path in (log, _former(log)):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            continue
        if found and os.path.sameopenfile(file.fileno(), found[0].fileno()):
            file.close()
        else:
            found.append(file)
    return found


def _read(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (block := file.read(min(BLOCK, length))):
        length -= len(block)
        yield block


def _cut(line: str) -> str:
    half = LINE_LENGTH // 2
    return line if len(line) <= LINE_LENGTH else f"{line[:half]} … {line[-half:]}"
