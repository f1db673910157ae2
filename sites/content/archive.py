"""A zip becomes a stored content, or is refused with the entry and the reason and leaves nothing behind."""

import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from sites.content.store import CHUNK, Content, new_content
from sites.content.uploads import in_units
from sites.errors import ArchiveRefused

MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255
MAX_RATIO = 200
RATIO_FROM = 64 * 1024 * 1024
"""Below this many unpacked bytes a high ratio does no harm: text of one kind may shrink that far."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The other methods unpack a few bytes into any amount of memory at once."""
MAC_FOLDER = "__MACOSX/"

_END = b"PK\x05\x06"
_END64_LOCATOR = b"PK\x06\x07"
_END_BYTES = 22


def unpack_zip(
    file: Path, *, max_unpacked: int | None = None, max_entries: int | None = None, max_ratio: int = MAX_RATIO
) -> Content:
    """Store what a zip holds. A single folder around everything is taken off.

    Limits that are not given are those of the installation. Raises ArchiveRefused; nothing is left behind then.
    """
    max_unpacked = settings.MAX_UNPACKED if max_unpacked is None else max_unpacked
    max_entries = settings.MAX_ENTRIES if max_entries is None else max_entries
    try:
        with open(file, "rb") as stream:
            _check_directory_size(stream, max_entries)
            with zipfile.ZipFile(stream) as archive:
                budget = _Budget(max_unpacked, max_ratio, os.path.getsize(file))
                return _store(archive, max_entries, budget)
    except UnicodeDecodeError as error:
        reason = "the name of one of its entries cannot be read"
        raise ArchiveRefused(reason=reason, remedy="Pack it again with names in UTF-8.") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, struct.error) as error:
        reason = "it is not a zip file, or only a part of one"
        raise ArchiveRefused(reason=reason, remedy="Publish a zip file, packed again if need be.") from error


class _Budget:
    """How much may still be unpacked, by bytes that were really unpacked and never by what headers say."""

    def __init__(self, max_unpacked: int, max_ratio: int, packed: int) -> None:
        self.max_unpacked = max_unpacked
        self.max_ratio = max_ratio
        self.packed = packed
        self.unpacked = 0

    def spend(self, count: int, where: str) -> None:
        self.unpacked += count
        if self.unpacked > self.max_unpacked:
            reason = (
                f"{where}, would take it beyond {in_units(self.max_unpacked)} unpacked, the limit of this installation"
            )
            remedy = "Leave build products out, or ask the administrator to raise MAX_UNPACKED."
            raise ArchiveRefused(reason=reason, remedy=remedy)
        if self.unpacked > RATIO_FROM and self.unpacked > self.packed * self.max_ratio:
            reason = f"{where}, unpacks to more than {self.max_ratio} times its size, as files made to fill disks do"
            raise ArchiveRefused(reason=reason, remedy="Publish the files themselves, without padding.")


def _store(archive: zipfile.ZipFile, max_entries: int, budget: _Budget) -> Content:
    entries = archive.infolist()
    if len(entries) > max_entries:
        raise _too_many(max_entries)
    names = _checked_names(entries)
    strip = _common_folder([name for name in names.values() if not name.startswith(MAC_FOLDER)])
    with new_content() as draft:
        added = 0
        for index, entry in enumerate(entries):
            name = names[index]
            if name.endswith("/") or name.startswith(MAC_FOLDER):
                continue
            draft.add(
                name[len(strip) :],
                _unpacked(archive, entry, _where(index, name), budget),
                is_executable=bool(_mode(entry) & 0o111),
            )
            added += 1
        if not added:
            raise ArchiveRefused(reason="it holds no file", remedy="Pack the files of the site, then publish again.")
        return draft.commit()


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str, budget: _Budget) -> Iterator[bytes]:
    try:
        with archive.open(entry) as source:
            while chunk := source.read(CHUNK):
                budget.spend(len(chunk), where)
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, struct.error) as error:
        raise ArchiveRefused(reason=f"{where}, is damaged", remedy="Pack it again and publish again.") from error


def _checked_names(entries: list[zipfile.ZipInfo]) -> dict[int, str]:
    """The name of every entry by its index; refuses what could leave the folder or hide another entry."""
    names: dict[int, str] = {}
    seen: dict[str, str] = {}
    for index, entry in enumerate(entries):
        name = _decoded(entry)
        where = _where(index, name)
        if reason := _unsafe_name(name) or _unsafe_entry(entry):
            raise ArchiveRefused(reason=f"{where}, {reason[0]}", remedy=reason[1])
        key = unicodedata.normalize("NFC", name).casefold().rstrip("/")
        other = seen.get(key)
        if other is not None and not (name.endswith("/") and other.endswith("/")):
            what = f"has the same name as '{_shown(other)}' but for its letters"
            if other.rstrip("/") == name.rstrip("/"):
                what = "is there twice"
            raise ArchiveRefused(reason=f"{where}, {what}", remedy="Keep one of them and pack it again.")
        seen[key] = name
        names[index] = name
    _refuse_files_as_folders(names, seen)
    return names


def _refuse_files_as_folders(names: dict[int, str], seen: dict[str, str]) -> None:
    for index, name in names.items():
        parts = unicodedata.normalize("NFC", name).casefold().rstrip("/").split("/")
        for depth in range(1, len(parts)):
            other = seen.get("/".join(parts[:depth]))
            if other is not None and not other.endswith("/"):
                reason = f"{_where(index, name)}, lies in '{_shown(other)}', which is a file"
                raise ArchiveRefused(reason=reason, remedy="Rename one of them and pack it again.")


def _unsafe_name(name: str) -> tuple[str, str] | None:
    """Reason and remedy when a name cannot be taken."""
    inside = "Pack the site's folder itself, with paths below it."
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or (len(parts[0]) >= 2 and parts[0][1] == ":" and parts[0][0].isalpha()):
        return "is an absolute path", inside
    if "\\" in name:
        return "has a backslash in its name", "Pack it with a program that separates folders by slashes."
    if ".." in parts:
        return "leads out of the site's folder", inside
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "has a control character in its name", "Rename it and pack it again."
    if any(part in ("", ".") for part in parts):
        return "has an empty part in its path", inside
    too_long = len(name.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_NAME_BYTES for part in parts)
    if too_long:
        return f"has a name longer than {MAX_NAME_BYTES} bytes or a path longer than {MAX_PATH_BYTES}", "Shorten it."
    return None


def _unsafe_entry(entry: zipfile.ZipInfo) -> tuple[str, str] | None:
    """Reason and remedy when an entry is not an ordinary file or folder."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link", "Put the file itself in its place."
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a device, pipe or socket", "Leave it out."
    if entry.flag_bits & 0x1:
        return "is encrypted", "Pack it without a password."
    if entry.compress_type not in METHODS:
        return "is packed by a method other than Deflate", "Pack it as an ordinary zip."
    return None


def _common_folder(names: list[str]) -> str:
    """'folder/' when everything lies in one folder, as archives of a repository do; else ''."""
    tops = {name.split("/", 1)[0] for name in names}
    if len(tops) != 1 or not all("/" in name for name in names):
        return ""
    return f"{tops.pop()}/"


def _mode(entry: zipfile.ZipInfo) -> int:
    unix = 3
    return stat.S_IMODE(entry.external_attr >> 16) if entry.create_system == unix else 0


def _decoded(entry: zipfile.ZipInfo) -> str:
    """Many programs write UTF-8 without saying so; what is not UTF-8 keeps the format's old code page."""
    name = entry.orig_filename
    if entry.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _where(index: int, name: str) -> str:
    return f"entry {index + 1}, '{_shown(name)}'"


def _shown(name: str) -> str:
    """A name that is safe to print, cut to a readable length."""
    printable = "".join(character if character.isprintable() else "�" for character in name)
    return printable if len(printable) <= 80 else f"{printable[:79]}…"


def _too_many(max_entries: int) -> ArchiveRefused:
    reason = f"it has more than {max_entries:,} entries, the limit of this installation"
    return ArchiveRefused(
        reason=reason, remedy="Leave build products out, or ask the administrator to raise MAX_ENTRIES."
    )


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
        raise _too_many(max_entries)
