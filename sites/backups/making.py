"""Write a backup while everything goes on."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError

from sites.backups import archive, snapshot
from sites.disk.folders import settle
from sites.errors import BackupFailed, BackupPlaceRefused

PREFIX = "greenroom-"
PARTIAL = ".partial"
FORM = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """One that is complete."""

    path: Path
    bytes: int
    changed: int
    """Files of sites that changed while they were read, went away, or could not be read."""


def make(target: Path, *, has_keys: bool = False, tell: Callable[[str], None] = lambda _: None) -> Backup:
    """Write a backup into the folder `target`, or to the file of that name, which must not be there.

    A file of this name is a whole backup: it has another name until then. Raises BackupPlaceRefused, BackupFailed.
    """
    path = _choose(target)
    partial = path.with_name(f"{path.name}{PARTIAL}")
    try:
        with failures_told():
            with snapshot.taken(has_keys=has_keys) as draft:
                tell(f"The database is copied. Writing {path}")
                os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600))
                said = archive.write(partial, snapshot.parts(draft))
            settle(path.parent, [partial])
            partial.rename(path)
            settle(path.parent, [path.parent])
            return Backup(path, path.stat().st_size, len(said))
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def failures_told() -> Iterator[None]:
    """What database and disk refuse becomes BackupFailed."""
    try:
        yield
    except DatabaseError as error:
        raise BackupFailed(reason=f"the database cannot be read ({error})") from error
    except OSError as error:
        raise BackupFailed(reason=str(error)) from error


def new_name() -> str:
    """Of a backup that is made now, without what says its form."""
    return f"{PREFIX}{datetime.now(UTC):{FORM}}"


def backups_in(folder: Path) -> list[Path]:
    """Those that `make` has named, the oldest first."""
    return sorted(folder.glob(f"{PREFIX}*Z{archive.SUFFIX}"))


def _choose(target: Path) -> Path:
    if target.resolve().is_relative_to(settings.DATA_DIR):
        raise BackupPlaceRefused(
            file=target, reason="it lies in the data folder itself", remedy="Choose a folder on another disk."
        )
    path = target / f"{new_name()}{archive.SUFFIX}" if target.is_dir() else target
    if path.exists():
        raise BackupPlaceRefused(file=path, reason="it exists already", remedy="Choose another name, or a folder.")
    if path == target and not path.name.endswith(archive.SUFFIX):
        raise BackupPlaceRefused(
            file=path,
            reason="there is no such folder",
            remedy=f"Make the folder first, or use a name that ends in {archive.SUFFIX} for a file.",
        )
    if not path.parent.is_dir():
        raise BackupPlaceRefused(file=path, reason=f"there is no folder {path.parent}", remedy="Make it first.")
    return path
