"""The data folder: made or closed for its owner alone before anything is written into it."""

import os
import pwd
import stat
from pathlib import Path

from sites.errors import DataFolderRefused

LAYOUT = 1
"""Grows when the layout of the folder changes in a way that older code would misread."""
VERSION = "version"
OWN = (VERSION, "secret.key")
"""Each of these says that a folder is a data folder of Greenroom."""
PRIVATE = 0o700
PASSABLE = 0o711
"""For sites that run as other users and without a sandbox: they pass through to their files, and see no names."""
_OPEN = 0o066
"""What others must not have: passing through a folder shows nothing."""
_CHOOSE = "Choose another folder: ./greenroom up --data DIR"


def claim(folder: Path) -> None:
    """Make the folder, or close one that is there and ours. Raises DataFolderRefused."""
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except FileExistsError:
        pass  # something else of that name
    except OSError as error:
        raise _refused(folder, f"it cannot be made ({error.strerror})", _CHOOSE) from None
    ensure_ours(folder)
    if not is_installation(folder):
        if any(not path.name.startswith(VERSION) for path in folder.iterdir()):
            raise _refused(
                folder,
                "it holds other things, and Greenroom would close it to their users",
                "Choose a new or an empty folder: ./greenroom up --data DIR",
            )
        _write_version(folder)
    if folder.stat().st_mode & _OPEN:
        close(folder)


def is_installation(folder: Path) -> bool:
    """Whether it is a data folder of Greenroom; False for one that is not there or cannot be read."""
    return any((folder / name).exists() for name in OWN)


def close(folder: Path, mode: int = PRIVATE) -> None:
    """Let nobody else read or write. Raises DataFolderRefused where the file system does not obey."""
    try:
        folder.chmod(mode)
    except OSError as error:
        raise _refused(
            folder, f"other users may read it, and it could not be closed ({error.strerror})", _CHOOSE
        ) from None


def ensure_ours(folder: Path) -> None:
    """Raises DataFolderRefused for what is no folder, a link, or somebody else's."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise _refused(folder, "it is not a folder", _CHOOSE)
    if found.st_uid != os.geteuid():
        owner = _name_of(found.st_uid)
        raise _refused(
            folder, f"it belongs to {owner}", f"Run the command as {owner}, or choose another folder with --data."
        )


def tighten(folder: Path) -> int:
    """Close everything below to everybody else, and return how many files and folders were open. Links are left."""
    return sum(
        close_file(Path(parent, name)) for parent, folders, files in os.walk(folder) for name in (*folders, *files)
    )


def close_file(path: Path) -> bool:
    """Take from everybody else what they may do with one file or folder; whether they could do anything."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False  # gone meanwhile
    if stat.S_ISLNK(found.st_mode) or not found.st_mode & 0o077 or found.st_uid != os.geteuid():
        return False
    path.chmod(stat.S_IMODE(found.st_mode) & ~0o077)
    return True


def layout_of(folder: Path) -> int:
    """The layout that the folder was written in; the present one where none is noted."""
    try:
        return int((folder / VERSION).read_text())
    except FileNotFoundError:
        _write_version(folder)
        return LAYOUT


def _write_version(folder: Path) -> None:
    temporary = folder / f"{VERSION}.{os.getpid()}"
    temporary.write_text(f"{LAYOUT}\n")
    temporary.chmod(0o600)
    temporary.replace(folder / VERSION)


def _name_of(uid: int) -> str:
    try:
        return f"'{pwd.getpwuid(uid).pw_name}'"
    except KeyError:
        return f"user {uid}"


def _refused(folder: Path, reason: str, remedy: str) -> DataFolderRefused:
    return DataFolderRefused(folder=folder, reason=reason, remedy=remedy)
