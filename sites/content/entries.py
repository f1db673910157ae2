"""The list of entries of a zip: what it tells before anything is unpacked, and what is refused by it."""

import re
import stat
import unicodedata
import zipfile
from dataclasses import dataclass

from sites.errors import ArchiveRefused

MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255
MAX_DEPTH = 100
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The other methods unpack a few bytes into any amount of memory at once."""
LEFT_OUT = ("__MACOSX/",)
LEFT_OUT_NAMES = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What desktops add; AppleDouble files begin with '._'."""
LOCAL_HEADER_BYTES = 30
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive, with the place that it is to have in the content."""

    info: zipfile.ZipInfo
    path: str
    number: int
    is_executable: bool

    @property
    def where(self) -> str:
        """For refusals: "entry 3, 'a/b'"."""
        return _where(self.number, _name_of(self.info))


def read_entries(infos: list[zipfile.ZipInfo], max_entries: int, *, is_stripped: bool = True) -> list[Entry]:
    """The files of an archive. With `is_stripped` a single folder around everything is taken off.

    Raises ArchiveRefused. The cost is that of the list, however it is made: each folder is looked at once.
    """
    names = [_name_of(info) for info in infos]
    _refuse_names(infos, names)
    kept = [index for index, name in enumerate(names) if not _is_left_out(name)]
    _refuse_crowd([names[index] for index in kept], max_entries)
    _refuse_overlap(infos)
    files = [index for index in kept if not names[index].endswith("/")]
    strip = len(_common_folder([names[index] for index in files])) if is_stripped else 0
    found = [Entry(infos[index], names[index][strip:], index, bool(_mode(infos[index]) & 0o111)) for index in files]
    if not found:
        raise ArchiveRefused(reason="it holds no file", remedy="Pack the files of the site, then publish again.")
    return found


def too_many(max_entries: int) -> ArchiveRefused:
    """The refusal of a list that is too long."""
    reason = f"it has more than {max_entries:,} files and folders, the limit of this installation"
    return ArchiveRefused(
        reason=reason, remedy="Leave build products out, or ask the administrator to raise MAX_ENTRIES."
    )


def _refuse_names(infos: list[zipfile.ZipInfo], names: list[str]) -> None:
    """What could leave the folder or hide another entry."""
    seen: dict[str, str] = {}
    for index, (info, name) in enumerate(zip(infos, names, strict=True)):
        where = _where(index, name)
        if reason := _unsafe_name(name) or _unsafe_entry(info):
            raise ArchiveRefused(reason=f"{where}, {reason[0]}", remedy=reason[1])
        key = _key(name)
        other = seen.get(key)
        if other is not None and not (name.endswith("/") and other.endswith("/")):
            what = f"differs from '{_shown(other)}' only in upper and lower case"
            if other.rstrip("/") == name.rstrip("/"):
                what = "is there twice"
            raise ArchiveRefused(reason=f"{where}, {what}", remedy="Keep one of them and pack it again.")
        if name:
            seen[key] = name
    known: set[str] = set()
    for index, name in enumerate(names):
        for folder in _folders_above(_key(name), known):
            other = seen.get(folder)
            if other is not None and not other.endswith("/"):
                lies = f"{_where(index, name)}, lies in '{_shown(other)}', which is a file"
                raise ArchiveRefused(reason=lies, remedy="Rename one of them and pack it again.")


def _refuse_crowd(names: list[str], max_entries: int) -> None:
    """Folders count too, also those that only the path of a file names: each is one more file on the disk."""
    folders: set[str] = set()
    files = 0
    for name in names:
        files += not name.endswith("/")
        if name.endswith("/"):
            folders.add(name.rstrip("/"))
        for _folder in _folders_above(name.rstrip("/"), folders):
            if files + len(folders) > max_entries:
                raise too_many(max_entries)
        if files + len(folders) > max_entries:
            raise too_many(max_entries)


def _folders_above(name: str, known: set[str]) -> list[str]:
    """The folders of a path that were not met before; they are added to `known`."""
    found = []
    while "/" in name:
        name = name.rpartition("/")[0]
        if name in known:
            break
        known.add(name)
        found.append(name)
    return found


def _refuse_overlap(infos: list[zipfile.ZipInfo]) -> None:
    """Entries that share their bytes unpack one byte into as many as there are entries."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise ArchiveRefused(
                reason=f"'{_shown(info.orig_filename)}' overlaps another entry, as in files made to fill disks",
                remedy="Pack it again and publish again.",
            )
        end = info.header_offset + LOCAL_HEADER_BYTES + info.compress_size


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
    if CONTROL.search(name):
        return "has a control character in its name", "Rename it and pack it again."
    if name and any(part in ("", ".") for part in parts):
        return "has an empty part in its path", inside
    too_long = len(name.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_NAME_BYTES for part in parts)
    if too_long:
        return f"has a name longer than {MAX_NAME_BYTES} bytes or a path longer than {MAX_PATH_BYTES}", "Shorten it."
    if len(parts) > MAX_DEPTH:
        return f"lies in more than {MAX_DEPTH} folders", "Move it up and pack it again."
    return None


def _unsafe_entry(info: zipfile.ZipInfo) -> tuple[str, str] | None:
    """Reason and remedy when an entry is not an ordinary file or folder."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link", "Put the file itself in its place."
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a device, pipe or socket", "Leave it out."
    if info.flag_bits & 0x1:
        return "is encrypted", "Pack it without a password."
    if info.compress_type not in METHODS:
        return "is packed by a method other than Deflate", "Pack it as an ordinary zip."
    return None


def _is_left_out(name: str) -> bool:
    last = name.rstrip("/").rpartition("/")[2]
    return not name or name.startswith(LEFT_OUT) or last in LEFT_OUT_NAMES or last.startswith("._")


def _common_folder(names: list[str]) -> str:
    """'folder/' when every file lies in it, as in archives of a repository; 'a/b/' when only b lies in a; else ''."""
    if not names:
        return ""
    first, last = min(names).split("/")[:-1], max(names).split("/")[:-1]
    depth = 0
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return "".join(f"{part}/" for part in first[:depth])


def _mode(info: zipfile.ZipInfo) -> int:
    unix = 3
    return stat.S_IMODE(info.external_attr >> 16) if info.create_system == unix else 0


def _name_of(info: zipfile.ZipInfo) -> str:
    """Many programs write UTF-8 without saying so; what is not UTF-8 keeps the format's old code page.

    './' in front, as tar writes it on Windows and macOS, means nothing.
    """
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    while name.startswith("./"):
        name = name[2:]
    return name


def _key(name: str) -> str:
    """The same for names that some file system takes for one."""
    return unicodedata.normalize("NFC", name).casefold().rstrip("/")


def _where(index: int, name: str) -> str:
    return f"entry {index + 1}, '{_shown(name)}'"


def _shown(name: str) -> str:
    """A name that is safe to print, cut to a readable length."""
    printable = "".join(character if character.isprintable() else "�" for character in name)
    return printable if len(printable) <= 80 else f"{printable[:79]}…"
