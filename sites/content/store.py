"""Contents of sites on disk: folders that are named by their digest and never change."""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.runtime import trees

UNFINISHED = ".new-"
REMOVED = ".old-"
CHUNK = 256 * 1024
SETTLED_AT_ONCE = 16
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Content:
    """One stored content: its name, how many files it has and their bytes together."""

    digest: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a content."""

    digest: str
    """sha256 of its bytes."""
    size: int
    is_executable: bool


class Draft:
    """A content that is being written; it exists for nobody else until `commit`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bytes = 0
        self._entries: dict[str, FileEntry] = {}

    def add(self, path: str, chunks: Iterable[bytes], *, is_executable: bool = False) -> None:
        """Write one file. `path` is relative, with slashes, and already known to stay inside."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        size = 0
        with open(target, "xb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                self.bytes += len(chunk)
        self._entries[path] = FileEntry(digest.hexdigest(), size, is_executable)

    def commit(self) -> Content:
        """Make it a stored content; a content that is there already is kept as it is."""
        digest = digest_of(self._entries)
        final = settings.CONTENT_DIR / digest
        content = Content(digest, len(self._entries), self.bytes)
        if final.is_dir():
            os.utime(final)
            return content
        _seal(self.folder, self._entries)
        _write_manifest(digest, self._entries)
        try:
            os.rename(self.folder, final)
        except OSError:
            # Another upload of the same content came first: its folder is the same
            if not final.is_dir():
                raise
        return content


@contextmanager
def new_content() -> Iterator[Draft]:
    """A draft in the store's folder; whatever was not committed at the end is removed."""
    settings.CONTENT_DIR.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=settings.CONTENT_DIR))
    try:
        yield Draft(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_folder(path: Path) -> Content:
    """Store a copy of a folder of our own. Links and empty folders are left out."""
    with new_content() as draft:
        for folder, names, files in os.walk(path):
            names.sort()
            for name in sorted(files):
                file = Path(folder) / name
                if file.is_symlink() or not file.is_file():
                    continue
                is_executable = os.access(file, os.X_OK) and bool(file.stat().st_mode & 0o100)
                draft.add(file.relative_to(path).as_posix(), read_chunks(file), is_executable=is_executable)
        return draft.commit()


def path_of(digest: str) -> Path:
    """The folder of a content. Raises FileNotFoundError when it is not (or no longer) stored."""
    path = settings.CONTENT_DIR / _checked(digest)
    if not path.is_dir():
        raise FileNotFoundError(f"content {digest} is not stored")
    return path


def files(digest: str) -> dict[str, FileEntry]:
    """Every file of a content by its path. Raises FileNotFoundError when it is not stored."""
    manifest = json.loads(_manifest_of(_checked(digest)).read_text())
    return {path: FileEntry(*entry) for path, entry in manifest.items()}


def remove_unused(in_use: set[str], *, older_than_seconds: float = HOUR) -> int:
    """Remove contents that nothing names; young ones stay, their deployment may not be recorded yet."""
    before = time.time() - older_than_seconds
    removed = 0
    for folder in _children(settings.CONTENT_DIR):
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        if folder.name not in in_use and folder.stat().st_mtime < before:
            discard(folder)
            _manifest_of(folder.name).unlink(missing_ok=True)
            removed += 1
    return removed


def sweep(*, older_than_seconds: float = HOUR) -> int:
    """Remove what dead processes left: drafts, half-removed folders, uploads. Returns how many."""
    before = time.time() - older_than_seconds
    drafts = [path for path in _children(settings.CONTENT_DIR) if path.name.startswith((UNFINISHED, REMOVED))]
    leftovers = [
        path
        for path in [*drafts, *_children(settings.UPLOAD_DIR)]
        if path.name.startswith(REMOVED) or path.lstat().st_mtime < before
    ]
    for path in leftovers:
        if path.is_dir():
            trees.remove(path)
        else:
            path.unlink(missing_ok=True)
    return len(leftovers)


def discard(folder: Path) -> None:
    """Remove a folder so that it is never seen half removed."""
    doomed = Path(tempfile.mkdtemp(prefix=REMOVED, dir=folder.parent))
    os.rename(folder, doomed / "folder")
    trees.remove(doomed)


def digest_of(entries: dict[str, FileEntry]) -> str:
    """The name of a content: sha256 over its sorted paths, executable bits and bytes."""
    digest = hashlib.sha256()
    for path in sorted(entries):
        entry = entries[path]
        digest.update(f"{path}\0{int(entry.is_executable)}\0{entry.digest}\n".encode())
    return digest.hexdigest()


def read_chunks(file: Path) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    with open(file, "rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _seal(folder: Path, entries: dict[str, FileEntry]) -> None:
    """Read-only for everybody and on the disk, so that a power cut cannot leave a stored content half written."""

    def settle(path: str) -> None:
        descriptor = os.open(folder / path, os.O_RDONLY)
        try:
            os.fchmod(descriptor, 0o555 if entries[path].is_executable else 0o444)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # Together the files share the disk's commits; one after the other a thousand files take seconds
    with ThreadPoolExecutor(SETTLED_AT_ONCE) as pool:
        for _done in pool.map(settle, entries):
            pass
    for parent, _names, _files in os.walk(folder):
        os.chmod(parent, 0o755)  # noqa: S103  an instance runs as another user; the data folder above is closed


def _write_manifest(digest: str, entries: dict[str, FileEntry]) -> None:
    """Written before the content appears: whoever sees the folder finds its manifest."""
    rows = {path: [entry.digest, entry.size, entry.is_executable] for path, entry in sorted(entries.items())}
    with tempfile.NamedTemporaryFile("w", prefix=UNFINISHED, dir=settings.CONTENT_DIR, delete=False) as file:
        json.dump(rows, file)
    os.rename(file.name, _manifest_of(digest))


def _manifest_of(digest: str) -> Path:
    return settings.CONTENT_DIR / f"{digest}.json"


def _checked(digest: str) -> str:
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise FileNotFoundError(f"'{digest}' is not the digest of a content")
    return digest


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
