"""Notices that the source code has changed."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGES = ("client", "portal", "sites", "tools")


class Sources:
    """The Python files below some folders."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """What they hold now is not a change."""
        self._folders = list(folders)
        self._known = self._look()

    def changed(self) -> list[Path]:
        """Files that were written, made or removed since the last call, in the order of their names."""
        now, before = self._look(), self._known
        self._known = now
        return sorted(path for path in now.keys() | before.keys() if now.get(path) != before.get(path))

    def _look(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in self._files():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # removed since its folder was read
            found[path] = status.st_mtime_ns, status.st_size
        return found

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            for here, _, names in os.walk(folder):
                yield from (Path(here, name) for name in names if name.endswith(".py"))
