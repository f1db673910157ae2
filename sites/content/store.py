"""Contents of sites on disk: folders that are named by their digest and never change."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.content.tree import Folder
from sites.disk import trees
from sites.disk.folders import claim, is_claimed, is_older, locked, settle

UNFINISHED = ".new-"
REMOVED = ".old-"
MANIFEST = ".json"
CHUNK = 256 * 1024
MINUTE = 60.0
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
    """A content that is being written; it exists for nobody else until it is placed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = folder / "files"
        self._folders: set[Path] = set()
        self._entries: dict[str, FileEntry] = {}
        self._bytes = 0
        self._make(self._files)

    def add(self, path: str, chunks: Iterable[bytes], *, is_executable: bool = False) -> None:
        """Write one file. `path` is relative, with slashes, and already known to stay inside."""
        target = self._files / path
        self._make(target.parent)
        digest = hashlib.sha256()
        size = 0
        with open(target, "xb") as file:
            os.fchmod(file.fileno(), 0o755 if is_executable else 0o644)
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self._bytes += size
        self._entries[path] = FileEntry(digest.hexdigest(), size, is_executable)

    def keep(self, path: str, entry: FileEntry, source: Path) -> None:
        """Take over a file of another stored content, whose bytes never change: it gets a second name on the disk."""
        target = self._files / path
        self._make(target.parent)
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:  # it has as many names as the file system gives, or lies on another one
            self.add(path, read_chunks(source), is_executable=entry.is_executable)
            return
        self._bytes += entry.size
        self._entries[path] = entry

    @property
    def tree(self) -> Folder:
        """What is in it so far, for recognition."""
        return Folder(self._files)

    def seal(self) -> Content:
        """Have all of it on the disk, so that a power cut cannot leave a stored content half written."""
        content = Content(digest_of(self._entries), len(self._entries), self._bytes)
        if (settings.CONTENT_DIR / content.digest).is_dir():
            return content
        rows = {path: [entry.digest, entry.size, entry.is_executable] for path, entry in sorted(self._entries.items())}
        (self._folder / "manifest").write_text(json.dumps(rows))
        full = [self._files / path for path, entry in self._entries.items() if entry.size]
        settle(self._folder, [*full, *self._folders, self._folder / "manifest"])
        return content

    def place(self, content: Content) -> None:
        """Make it the stored content; one that is there already is kept as it is. Quick, so that it may be done
        in the transaction of the row that names it: nothing stays behind when that is refused."""
        final = settings.CONTENT_DIR / content.digest
        if final.is_dir():
            os.utime(final)
            return
        os.rename(self._folder / "manifest", _manifest_of(content.digest))  # whoever sees the folder finds it
        try:
            os.rename(self._files, final)
        except OSError:
            # Another upload of the same content came first: its folder is the same
            if not final.is_dir():
                raise

    def commit(self) -> Content:
        """Seal and place it."""
        content = self.seal()
        self.place(content)
        return content

    def _make(self, folder: Path) -> None:
        if folder in self._folders:
            return
        if folder != self._files:
            self._make(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)  # an instance runs as another user; the data folder above is closed
        self._folders.add(folder)


@contextmanager
def new_content() -> Iterator[Draft]:
    """A draft in the store's folder; whatever was not placed at the end is removed.

    While it is written it is claimed, so that what a killed process left is known by nobody claiming it.
    """
    settings.CONTENT_DIR.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=settings.CONTENT_DIR))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        claim(descriptor)
        yield Draft(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


@contextmanager
def naming() -> Iterator[None]:
    """While contents and builds are looked up and their names are recorded, none is removed."""
    with locked(_lock(), is_shared=True):
        yield


@contextmanager
def removing() -> Iterator[None]:
    """While it is found out which of them nothing names, and these are removed, none gets a name."""
    with locked(_lock()):
        yield


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


def set_aside_unused(in_use: set[str], *, older_than_seconds: float = HOUR) -> list[Path]:
    """Take away contents that nothing names, and return what the caller is to remove.

    Young ones stay, because the row of a content of our own may not be written yet. A manifest without its folder is
    what a killed process left in between.
    """
    doomed = []
    for folder in _children(settings.CONTENT_DIR):
        if folder.suffix == MANIFEST and not folder.with_suffix("").exists() and is_older(folder, older_than_seconds):
            folder.unlink(missing_ok=True)
        if folder.name.startswith(".") or folder.name in in_use or not folder.is_dir():
            continue
        if is_older(folder, older_than_seconds):
            doomed.append(set_aside(folder))
            _manifest_of(folder.name).unlink(missing_ok=True)
    return doomed


def sweep(*, older_than_seconds: float = MINUTE) -> int:
    """Remove what killed processes left: drafts, half-removed folders, uploads. Returns how many.

    What a process works on it has claimed; the age spares what is just about to be.
    """
    drafts = [path for path in _children(settings.CONTENT_DIR) if path.name.startswith((UNFINISHED, REMOVED))]
    left = [
        path
        for path in [*drafts, *_children(settings.UPLOAD_DIR)]
        if is_older(path, older_than_seconds) and not is_claimed(path)
    ]
    for path in left:
        trees.remove(path)
    return len(left)


def set_aside(folder: Path) -> Path:
    """Take a folder away at once, so that it is never seen half removed; returns what is to be removed."""
    doomed = Path(tempfile.mkdtemp(prefix=REMOVED, dir=folder.parent))
    os.rename(folder, doomed / "folder")
    return doomed


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


def _lock() -> Path:
    settings.CONTENT_DIR.mkdir(parents=True, exist_ok=True)
    return settings.CONTENT_DIR / ".lock"


def _manifest_of(digest: str) -> Path:
    return settings.CONTENT_DIR / f"{digest}{MANIFEST}"


def _checked(digest: str) -> str:
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise FileNotFoundError(f"'{digest}' is not the digest of a content")
    return digest


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
