"""How much a folder takes on disk. Also a program: `python -m sites.disk.use MAX_FILES FOLDER …`.

Whose folder it is decides what lies in it: files with holes, links to the same file, links to anywhere, folders in
folders without end, files that come and go meanwhile.
"""

import json
import os
import stat
import sys
from dataclasses import asdict, dataclass

from sites.disk.trees import entries_below

BLOCK = 512
"""Unit of st_blocks: stat(2)."""


@dataclass(frozen=True, slots=True)
class Use:
    """Bytes that are allocated, and the names of files, folders and links: a file with two names counts twice."""

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


def measure(folder: str | os.PathLike[str], *, max_files: int | None = None) -> Use:
    """What a folder takes; none that is not there takes nothing. Ends early beyond `max_files`."""
    size = files = 0
    seen: set[tuple[int, int]] = set()
    try:
        for entry in entries_below(folder):
            files += 1
            if max_files is not None and files > max_files:
                return Use(size, files, is_complete=False)
            found = entry.found
            if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
                if (found.st_dev, found.st_ino) in seen:
                    continue
                seen.add((found.st_dev, found.st_ino))
            size += found.st_blocks * BLOCK
    except FileNotFoundError:
        return Use()
    except OSError:
        return Use(size, files, is_complete=False)
    return Use(size, files)


def main(arguments: list[str]) -> None:
    """Prints what each folder takes, a line of JSON as soon as it is known."""
    for max_files, folder in zip(arguments[::2], arguments[1::2], strict=True):
        use = measure(folder, max_files=int(max_files) or None)
        sys.stdout.write(json.dumps(asdict(use)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
