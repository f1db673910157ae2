"""The files of a content, by name: in a folder, or still packed in an archive."""

import codecs
import fnmatch
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

BEGINNING_BYTES = 4096
LARGEST_BYTES = 16 * 1024 * 1024
"""Of a lock of packages; those of the largest projects have some megabytes."""


class Tree(Protocol):
    """What recognition looks at. Paths are relative, with slashes."""

    def has(self, path: str) -> bool:
        """Whether there is a file of that name."""

    def read(self, path: str, most: int) -> bytes:
        """The first `most` bytes of a file; none of one that is not there."""

    def matching(self, pattern: str) -> list[str]:
        """Files whose path matches, in order; a star stands for one part of a path: '*/settings.py'."""

    def names(self) -> Iterable[str]:
        """Every file, perhaps without those that lie deep."""


class Folder:
    """The Tree of a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def has(self, path: str) -> bool:
        """See Tree.has."""
        return os.path.isfile(self._path / path)  # False for a name that cannot be one, too

    def read(self, path: str, most: int) -> bytes:
        """See Tree.read."""
        if not self.has(path):
            return b""
        with (self._path / path).open("rb") as file:
            return file.read(most)

    def matching(self, pattern: str) -> list[str]:
        """See Tree.matching."""
        return sorted(found.relative_to(self._path).as_posix() for found in self._path.glob(pattern))

    def names(self) -> Iterable[str]:
        """See Tree.names."""
        return [name for pattern in ("*", "*/*", "*/*/*") for name in self.matching(pattern) if self.has(name)]


def text(tree: Tree, path: str, most: int) -> str:
    """A text file, whatever its bytes are; nothing when it is not there or longer than `most`."""
    found = tree.read(path, most + 1)
    return "" if len(found) > most else decoded(found)


def beginning(tree: Tree, path: str) -> str:
    """The first lines of a text file, however long it is."""
    return decoded(tree.read(path, BEGINNING_BYTES))


def texts(tree: Tree, paths: Iterable[str]) -> tuple[str, ...]:
    """Several text files, whole; none of them where one is longer than LARGEST_BYTES, and so not known."""
    bodies = [tree.read(path, LARGEST_BYTES + 1) for path in paths]
    return () if any(len(body) > LARGEST_BYTES for body in bodies) else tuple(map(decoded, bodies))


def decoded(body: bytes) -> str:
    """UTF-8, or UTF-16 where the first bytes say so, as editors and shells on Windows write it."""
    is_utf16 = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return body.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")


def nearest(tree: Tree, name: str) -> str:
    """The file called `name`, or else one that a desktop has renamed: 'procfile', 'Procfile.txt'; empty: none."""
    if tree.has(name):
        return name
    wanted = {name.lower(), f"{name.lower()}.txt"}
    top = (found for found in tree.names() if "/" not in found)
    return min((found for found in top if found.lower() in wanted), default="")


def matches(name: str, pattern: str) -> bool:
    """Part by part, so that a star never stands for a slash."""
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))
