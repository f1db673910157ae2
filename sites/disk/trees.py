"""What lies in a folder that a site can write, for those who have more rights than the site.

A path is looked up anew by each call, and a site may put a link on it in between. So every step goes from an open
folder to an entry of it, and no link is followed.
"""

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DEEPEST = 128
"""Folders in folders; no application needs more, and each takes an open descriptor while it is walked."""
PASSES = 1000
"""Of a removal; each takes away `DEEPEST` folders of depth, and a process that still writes may not keep it going."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TooDeep(OSError):
    """Folders lie in folders more than DEEPEST deep."""

    def __init__(self) -> None:
        super().__init__(errno.ELOOP, f"folders lie in folders more than {DEEPEST} deep")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder, link or whatever else, by the open folder that holds it. Good until the next one is asked for."""

    folder: int
    name: str
    found: os.stat_result
    """As lstat(2) found it."""
    path: str
    """From the top."""

    @property
    def mode(self) -> int:
        """Kind and permissions (st_mode)."""
        return self.found.st_mode

    def give_to(self, user: int) -> None:
        """Owner and group; of a link its own. Raises OSError."""
        os.chown(self.name, user, user, dir_fd=self.folder, follow_symlinks=False)

    def permit(self, permissions: int) -> None:
        """Set the permissions unless it has become a link. Raises OSError."""
        descriptor = os.open(self.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.folder)
        try:
            if not stat.S_ISLNK(os.fstat(descriptor).st_mode):
                os.chmod(f"/proc/self/fd/{descriptor}", permissions)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Remove what is not a folder. Raises OSError."""
        os.unlink(self.name, dir_fd=self.folder)


def entries_below(top: str | os.PathLike[str]) -> Iterator[Entry]:
    """Everything below a folder, each folder before what it holds; other file systems are not entered.

    What goes away meanwhile is left out. Raises TooDeep, and OSError for a folder that cannot be read or is a link.
    """
    stack = [(*_listed(os.open(top, _FOLDER)), "")]
    device = os.fstat(stack[0][0]).st_dev
    try:
        while stack:
            folder, listing, above = stack[-1]
            listed = next(listing, None)
            if listed is None:
                listing.close()
                os.close(folder)
                stack.pop()
                continue
            try:
                entry = Entry(folder, listed.name, listed.stat(follow_symlinks=False), above + listed.name)
            except FileNotFoundError:
                continue
            yield entry
            if stat.S_ISDIR(entry.mode) and entry.found.st_dev == device:
                if len(stack) >= DEEPEST:
                    raise TooDeep
                with suppress(FileNotFoundError):
                    stack.append((*_listed(os.open(entry.name, _FOLDER, dir_fd=folder)), f"{entry.path}/"))
    finally:
        for folder, listing, _above in stack:
            listing.close()
            os.close(folder)


def give_to(top: Path, user: int) -> None:
    """Give a folder to a user with all that is in it, the folder itself last. Raises OSError."""
    for entry in entries_below(top):
        entry.give_to(user)
    os.chown(top, user, user, follow_symlinks=False)


def remove(top: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, however deep. What cannot be removed stays."""
    with suppress(OSError):
        if not stat.S_ISDIR(top.lstat().st_mode):
            top.unlink()
            return
        folder = os.open(top, _FOLDER)
        try:
            for _ in range(PASSES):
                _empty(folder, folder, 1)
                if not os.listdir(folder):
                    break
        finally:
            os.close(folder)
        os.rmdir(top)


def _listed(folder: int) -> tuple[int, "os._ScandirIterator[str]"]:
    try:
        return folder, os.scandir(folder)
    except OSError:
        os.close(folder)
        raise


def _empty(folder: int, top: int, depth: int) -> None:
    for name in os.listdir(folder):
        try:
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(mode):
            os.unlink(name, dir_fd=folder)
        elif depth == DEEPEST:  # it goes to the top, where its turn comes again
            os.rename(name, f".deep-{uuid.uuid4().hex}", src_dir_fd=folder, dst_dir_fd=top)
        else:
            below = _opened(folder, name)
            try:
                _empty(below, top, depth + 1)
            finally:
                os.close(below)
            os.rmdir(name, dir_fd=folder)


def _opened(folder: int, name: str) -> int:
    """Also one that its owner has closed to himself."""
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except PermissionError:
        Entry(folder, name, os.stat(name, dir_fd=folder, follow_symlinks=False), name).permit(0o700)
        return os.open(name, _FOLDER, dir_fd=folder)
