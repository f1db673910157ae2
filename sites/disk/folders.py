"""Free space, and folders that are written by one process at a time."""

import ctypes
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ONE_BY_ONE = 256
SIDE_BY_SIDE = 16


@dataclass(frozen=True, slots=True)
class Free:
    """Bytes and new files that a file system still has room for; `files` is None where it has no bound."""

    bytes: int
    files: int | None


def free(folder: Path) -> Free:
    """Of the file system of a folder."""
    found = os.statvfs(folder)
    return Free(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)


def settle(folder: Path, paths: Sequence[Path]) -> None:
    """What was written to these files and folders below `folder` is on its disk. Raises OSError.

    A few are written one by one, side by side; many with all else that the file system has still to write, which takes
    about as long however many they are.
    """
    if len(paths) > ONE_BY_ONE:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
                raise OSError(ctypes.get_errno(), f"{folder} could not be written to disk")
        finally:
            os.close(descriptor)
        return
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for _done in pool.map(_settle_one, paths):
            pass


def _settle_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def claim(descriptor: int) -> None:
    """Say that this process works on an open file or folder, until the descriptor is closed or the process ends."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def is_claimed(path: Path) -> bool:
    """Whether some process works on it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def locked(path: Path, *, is_shared: bool = False) -> Iterator[None]:
    """Hold a lock file; with `is_shared` together with others who share it. The kernel lets go for the dead."""
    descriptor = _lock_file(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def try_lock(path: Path, *, is_shared: bool = False) -> int | None:
    """A descriptor that holds a lock file until it is closed; None when somebody else holds it."""
    descriptor = _lock_file(path)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _lock_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def is_older(path: Path, seconds: float) -> bool:
    """By its last change; what is gone is not."""
    try:
        return path.lstat().st_mtime < time.time() - seconds
    except FileNotFoundError:
        return False
