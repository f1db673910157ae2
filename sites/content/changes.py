"""Changes to a stored content: some files are written or removed, all others are taken over as they are."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sites.content import store
from sites.content.archive import Archive
from sites.content.entries import CONTROL, MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES
from sites.content.store import Draft, FileEntry
from sites.disk.use import Use
from sites.errors import PublicationRefused, Refused

_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from the content that it is made on."""

    write: Callable[[Draft], None]
    """Adds the new files."""
    written: frozenset[str]
    """Their paths."""
    use: Use
    """What they take."""
    is_removed: Callable[[str], bool] = field(default=lambda _: False)
    """Whether a file of the former content is left out."""

    def make(self, draft: Draft, former: dict[str, FileEntry], folder: Path) -> None:
        """Write the new content. Raises Refused where a file would lie in a file, or two differ by case only."""
        kept = {path: one for path, one in former.items() if path not in self.written and not self.is_removed(path)}
        ensure_fit(kept, self.written)
        for path, entry in kept.items():
            draft.keep(path, entry, folder / path)
        self.write(draft)


def one_file(path: str, source: Path) -> Change:
    """A file that is new or replaced."""
    return Change(
        lambda draft: draft.add(path, store.read_chunks(source)), frozenset({path}), Use(source.stat().st_size, 1)
    )


def unpacked(archive: Archive, below: str, *, is_folder_replaced: bool) -> Change:
    """The files of an archive in the folder `below` ('' or 'a/'), which they replace, or on top of what is there."""
    paths = frozenset(f"{below}{path}" for path in archive.names())

    def is_removed(path: str) -> bool:
        return is_folder_replaced and path.startswith(below)

    return Change(lambda draft: archive.unpack(draft, below=below), paths, archive.use, is_removed)


def removed(path: str) -> Change:
    """Without a file, or without a folder ('a/') and all that is in it."""
    return Change(
        lambda _: None, frozenset(), Use(), lambda one: one == path or (path.endswith("/") and one.startswith(path))
    )


def safe_path(path: str) -> str:
    """`path` as a content has it. Raises PublicationRefused for one that could leave the content."""
    parts = path.split("/")
    is_safe = (
        all(part not in ("", ".", "..") and len(part.encode()) <= MAX_NAME_BYTES for part in parts)
        and len(path.encode()) <= MAX_PATH_BYTES
        and len(parts) <= MAX_DEPTH
        and "\\" not in path
        and not CONTROL.search(path)
        and not _DRIVE.match(path)
    )
    if not is_safe:
        raise PublicationRefused(
            f"'{path}' is not a path inside a web site, so nothing was changed. Use one like 'css/site.css'."
        )
    return path


def ensure_fit(kept: Iterable[str], written: Iterable[str]) -> None:
    """Raises Refused when a path would be a file and a folder, or when two paths differ by case only."""
    files: dict[str, str] = {}
    for path in (*kept, *written):
        other = files.setdefault(path.casefold(), path)
        if other != path:
            raise Refused(f"'{path}' and '{other}' differ only in upper and lower case, so nothing was changed.")
    for path in files.values():
        folder = path
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if folder.casefold() in files:
                raise Refused(
                    f"'{path}' lies in '{folder}', which is a file, so nothing was changed. Remove one first."
                )
