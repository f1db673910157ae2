"""How much a folder takes on disk. Also a program: `python -I use.py MOST_FILES FOLDER …`.

Whose folder it is decides what lies in it: files with holes, links to the same file, links to anywhere, folders in
folders without end, files that come and go meanwhile.
"""

import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

DEEPEST = 128
"""Folders in folders; no application needs more, and each takes an open descriptor while it is walked."""
BLOCK = 512
"""Unit of st_blocks: stat(2)."""


class TooDeep(Exception):
    """Folders lie in folders more than DEEPEST deep."""


@dataclass(frozen=True, slots=True)
class Use:
    """Bytes that are allocated, and files, folders and links together."""

    bytes: int = 0
    files: int = 0
    is_complete: bool = True
    """False: there is more, which was not counted."""

    def __add__(self, other: "Use") -> "Use":
        return Use(self.bytes + other.bytes, self.files + other.files, self.is_complete and other.is_complete)

    def is_within(self, quota: "Use") -> bool:
        """Whether it is all of it and no more than a quota, of which 0 means no limit."""
        too_large = quota.bytes and self.bytes > quota.bytes
        return self.is_complete and not (too_large or (quota.files and self.files > quota.files))


def entries(folder: str | os.PathLike[str]) -> Iterator[tuple[int, str, os.stat_result]]:
    """Everything below a folder of the same file system: descriptor of its parent, name, lstat.

    A folder comes before what lies in it. No link is followed, at no time. Raises TooDeep, and OSError for what
    cannot be read.
    """
    stack = [_opened(os.fspath(folder))]
    device = os.fstat(stack[0][0]).st_dev
    try:
        while stack:
            parent, listing = stack[-1]
            entry = next(listing, None)
            if entry is None:
                listing.close()
                os.close(parent)
                stack.pop()
                continue
            try:
                found = entry.stat(follow_symlinks=False)
                yield parent, entry.name, found
                if stat.S_ISDIR(found.st_mode) and found.st_dev == device:
                    if len(stack) >= DEEPEST:
                        raise TooDeep(entry.name)
                    stack.append(_opened(entry.name, parent))
            except (FileNotFoundError, NotADirectoryError):
                continue  # it went away meanwhile
    finally:
        for parent, listing in stack:
            listing.close()
            os.close(parent)


def measure(folder: str | os.PathLike[str], *, most_files: int | None = None) -> Use:
    """What a folder takes; none that is not there takes nothing. Ends early beyond `most_files`."""
    size = files = 0
    seen: set[tuple[int, int]] = set()
    try:
        for _parent, _name, found in entries(folder):
            if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
                if (found.st_dev, found.st_ino) in seen:
                    continue
                seen.add((found.st_dev, found.st_ino))
            size += found.st_blocks * BLOCK
            files += 1
            if most_files is not None and files > most_files:
                return Use(size, files, is_complete=False)
    except FileNotFoundError:
        return Use()
    except (TooDeep, OSError):
        return Use(size, files, is_complete=False)
    return Use(size, files)


def _opened(name: str, parent: int | None = None) -> tuple[int, "os._ScandirIterator[str]"]:
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        return descriptor, os.scandir(descriptor)
    except OSError:
        os.close(descriptor)
        raise


def main(arguments: list[str]) -> None:
    """Prints what each folder takes, a line of JSON as soon as it is known."""
    for most_files, folder in zip(arguments[::2], arguments[1::2], strict=True):
        use = measure(folder, most_files=int(most_files) or None)
        sys.stdout.write(json.dumps(asdict(use)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
