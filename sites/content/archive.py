"""A zip becomes a stored content, or is refused with the entry and the reason and leaves nothing behind."""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from sites.content.entries import Entry, read_entries, too_many
from sites.content.store import CHUNK, Draft
from sites.content.tree import matches
from sites.content.uploads import in_units
from sites.disk.use import Use
from sites.errors import ArchiveRefused

DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, RuntimeError, struct.error, ValueError)
"""What Python's reader raises for bytes that no program has packed so; ValueError for names and places of entries."""
MAX_RATIO = 200
RATIO_FROM = 64 * 1024 * 1024
"""Below this many unpacked bytes a high ratio does no harm: text of one kind may shrink that far."""

_END = b"PK\x05\x06"
_END64_LOCATOR = b"PK\x06\x07"
_END_BYTES = 22


@contextmanager
def opened(
    file: Path,
    *,
    max_unpacked: int | None = None,
    max_entries: int | None = None,
    max_ratio: int = MAX_RATIO,
    is_stripped: bool = True,
) -> Iterator["Archive"]:
    """A zip whose list of entries can be trusted; nothing of it is unpacked yet.

    With `is_stripped` a single folder around everything is taken off. Limits that are not given are those of the
    installation. Raises ArchiveRefused.
    """
    budget = _Budget(settings.MAX_UNPACKED if max_unpacked is None else max_unpacked, max_ratio, file.stat().st_size)
    with open(file, "rb") as stream:
        yield _read(stream, settings.MAX_ENTRIES if max_entries is None else max_entries, budget, is_stripped)


def _read(stream: BinaryIO, max_entries: int, budget: "_Budget", is_stripped: bool) -> "Archive":
    try:
        _check_directory_size(stream, max_entries)
        zipped = zipfile.ZipFile(stream)
    except UnicodeDecodeError as error:
        reason = "the name of one of its entries cannot be read"
        raise ArchiveRefused(reason=reason, remedy="Pack it again with names in UTF-8.") from error
    except DAMAGE as error:
        reason = "it is not a zip file, or only a part of one"
        raise ArchiveRefused(reason=reason, remedy="Publish a zip file, packed again if need be.") from error
    if len(zipped.infolist()) > max_entries:
        raise too_many(max_entries)
    return Archive(zipped, read_entries(zipped.infolist(), max_entries, is_stripped=is_stripped), budget)


class Archive:
    """The files of an open zip; a Tree."""

    def __init__(self, zipped: zipfile.ZipFile, entries: list[Entry], budget: "_Budget") -> None:
        """Raises ArchiveRefused where the sizes that the list states are too large already."""
        self._zipped = zipped
        self._entries = {entry.path: entry for entry in entries}
        self._budget = budget
        size = 0
        for entry in entries:
            size += entry.info.file_size
            budget.check(size, entry)
        self.use = Use(size, len(entries))
        """What it says that it unpacks to."""

    def has(self, path: str) -> bool:
        """See Tree.has."""
        return path in self._entries

    def read(self, path: str, most: int) -> bytes:
        """See Tree.read."""
        entry = self._entries.get(path)
        if entry is None:
            return b""
        with _damage_refused(entry), self._zipped.open(entry.info) as source:
            return source.read(most)

    def matching(self, pattern: str) -> list[str]:
        """See Tree.matching."""
        return sorted(path for path in self._entries if matches(path, pattern))

    def names(self) -> Iterable[str]:
        """See Tree.names."""
        return self._entries

    def unpack(self, draft: Draft, *, below: str = "") -> None:
        """Write all files, below a folder ('' or 'a/').

        Raises ArchiveRefused for what is damaged or larger than it may be.
        """
        for path, entry in self._entries.items():
            draft.add(f"{below}{path}", self._chunks(entry), is_executable=entry.is_executable)

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        with _damage_refused(entry), self._zipped.open(entry.info) as source:
            while chunk := source.read(CHUNK):
                self._budget.spend(len(chunk), entry)
                yield chunk


class _Budget:
    """How much may be unpacked. What headers say is believed only where it refuses; what counts is unpacked bytes."""

    def __init__(self, max_unpacked: int, max_ratio: int, packed: int) -> None:
        self.max_unpacked = max_unpacked
        self.max_ratio = max_ratio
        self.packed = packed
        self.unpacked = 0

    def spend(self, count: int, entry: Entry) -> None:
        self.unpacked += count
        self.check(self.unpacked, entry)

    def check(self, unpacked: int, entry: Entry) -> None:
        if unpacked > self.max_unpacked:
            limit = in_units(self.max_unpacked)
            reason = f"{entry.where}, would take it beyond {limit} unpacked, the limit of this installation"
            remedy = "Leave build products out, or ask the administrator to raise MAX_UNPACKED."
            raise ArchiveRefused(reason=reason, remedy=remedy)
        if unpacked > RATIO_FROM and unpacked > self.packed * self.max_ratio:
            reason = (
                f"{entry.where}, unpacks to more than {self.max_ratio} times its size, as files made to fill disks do"
            )
            raise ArchiveRefused(reason=reason, remedy="Publish the files themselves, without padding.")


@contextmanager
def _damage_refused(entry: Entry) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise ArchiveRefused(reason=f"{entry.where}, is damaged", remedy="Pack it again and publish again.") from error


def _check_directory_size(stream: BinaryIO, max_entries: int) -> None:
    """Refuse a list of entries that is too long before it is read, because reading takes its memory."""
    size = stream.seek(0, os.SEEK_END)
    tail_start = max(0, size - _END_BYTES - 0xFFFF)
    stream.seek(tail_start)
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise zipfile.BadZipFile("no end record")
    count, directory_bytes = struct.unpack_from("<HI", tail, at + 10)
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator.startswith(_END64_LOCATOR):
        stream.seek(tail_start + at - 20 - 56)
        record = stream.read(56)
        if len(record) == 56 and record.startswith(b"PK\x06\x06"):
            count, directory_bytes = struct.unpack_from("<QQ", record, 32)
    stream.seek(0)
    longest_average = 46 + 256
    if count > max_entries or directory_bytes > max_entries * longest_average + 0x10000:
        raise too_many(max_entries)
