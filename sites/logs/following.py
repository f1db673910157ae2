"""Reading a log piece by piece, by readers that keep nothing but a position between two looks."""

import os
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sites.logs.files import opened

MARK_BYTES = 256
"""So much of a file's beginning tells it from a later one with the same inode."""
Part = tuple[BinaryIO, int, int]
"""A file, and from where to where it is unread."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines that were written since a position, or a part of a line that is longer than a piece may be.

    What `read_on` gives never begins inside a line: a line begins with the time that we wrote there, and goes on with
    whatever a stranger wrote.
    """

    data: bytes
    position: str
    """Where the next piece begins."""
    left_out: int = 0
    """Bytes between the position and this piece: their writer was faster than the reader."""


def read_on(log: Path, position: str, *, max_bytes: int) -> Piece:
    """The newest `max_bytes` at most since `position`. An empty position, or one of a file that is gone, is before
    all that there is. Of a longer line all but its beginning is left out. Raises ValueError for text that is no
    position."""
    with ExitStack() as stack:
        parts = _unread([stack.enter_context(file) for file in reversed(opened(log))], position)
        waiting = sum(end - start for _, start, end in parts)
        data = _newest(parts, min(waiting, max_bytes))
        begin = data.find(b"\n") + 1 or len(data) if _begins_inside_line(parts, len(data)) else 0
        left_out, data = waiting - len(data) + begin, data[begin:]
        stop = data.rfind(b"\n") + 1
        if len(data) - stop >= max_bytes:
            stop = len(data)
        return Piece(data[:stop], _position(parts, len(data) - stop) or position, left_out)


def read_forward(log: Path, position: str, *, max_bytes: int) -> Piece:
    """The oldest `max_bytes` at most since `position`, so that whoever goes on from piece to piece gets all that is
    kept. Positions as in `read_on`."""
    with ExitStack() as stack:
        parts = _unread([stack.enter_context(file) for file in reversed(opened(log))], position)
        waiting = sum(end - start for _, start, end in parts)
        data = _oldest(parts, max_bytes)
        stop = data.rfind(b"\n") + 1
        if not stop and len(data) >= max_bytes:
            stop = len(data)
        return Piece(data[:stop], _position(parts, waiting - stop) or position)


def _unread(files: list[BinaryIO], position: str) -> list[Part]:
    """The oldest file first."""
    parts = [(file, 0, os.fstat(file.fileno()).st_size) for file in files]
    if position:
        mark, _, text = position.rpartition("-")
        offset = int(text)
        for number, (file, _, size) in enumerate(parts):
            if size >= offset and _mark(file, offset) == mark:
                return [(file, offset, size), *parts[number + 1 :]]
    return parts


def _newest(parts: list[Part], count: int) -> bytes:
    data = b""
    for file, start, end in reversed(parts):
        begin = max(start, end - (count - len(data)))
        file.seek(begin)
        data = file.read(end - begin) + data
    return data


def _begins_inside_line(parts: list[Part], count: int) -> bool:
    """Whether the newest `count` bytes begin behind something else than the end of a line."""
    before = b"\n"  # the first file begins with a line; a later one goes on where the one before ends
    for file, start, end in reversed(parts):
        offset = max(start, end - count)
        count -= end - offset
        if offset and not count:
            file.seek(offset - 1)
            before = file.read(1)
            break
    return before != b"\n"


def _oldest(parts: list[Part], count: int) -> bytes:
    data = b""
    for file, start, end in parts:
        file.seek(start)
        data += file.read(min(end - start, count - len(data)))
    return data


def _position(parts: list[Part], left: int) -> str:
    """Of the last `left` bytes of the parts."""
    for file, start, end in reversed(parts):
        if left <= end - start:
            return f"{_mark(file, end - left)}-{end - left}"
        left -= end - start
    return ""


def _mark(file: BinaryIO, offset: int) -> str:
    file.seek(0)
    return f"{os.fstat(file.fileno()).st_ino}-{zlib.crc32(file.read(min(MARK_BYTES, offset)))}"
