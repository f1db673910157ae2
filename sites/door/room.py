"""Bounds for bodies that are held at the same time: bytes in memory, bytes on disk, uploads of one person or slot."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sites.content.uploads import ensure_disk
from sites.errors import ServerBusy, TooManyUploads

LOOK_BYTES = 16 * 1024**2
"""The free space is checked each time that so many bytes have been written."""


class Share:
    """What one body holds."""

    def __init__(self, room: "Room") -> None:
        self.size = 0
        self._room = room

    def grow(self, count: int) -> None:
        """It holds `count` more bytes. Raises ServerBusy when there is no room."""
        self._room.take(count)
        self.size += count


class Room:
    """A number of bytes for all."""

    what = "large requests"

    def __init__(self, most: int) -> None:
        self._max = most
        self.taken = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A share that is given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            self.taken -= share.size

    def take(self, count: int) -> None:
        """Raises ServerBusy."""
        if self.taken + count > self._max:
            raise ServerBusy(what=self.what)
        self.taken += count


class DiskRoom(Room):
    """Bytes in files of the upload folder, and uploads of one client."""

    what = "uploads"

    def __init__(self, *, most: int, max_of_one: int) -> None:
        super().__init__(most)
        self._max_of_one = max_of_one
        self._uploads: Counter[str] = Counter()
        self._unlooked = LOOK_BYTES

    @contextmanager
    def upload(self, by: str) -> Iterator[Share]:
        """A share for an upload of `by`. Raises TooManyUploads."""
        if self._uploads[by] >= self._max_of_one:
            raise TooManyUploads(count=self._max_of_one)
        self._uploads[by] += 1
        try:
            with self.share() as share:
                yield share
        finally:
            self._uploads[by] -= 1
            if not self._uploads[by]:
                del self._uploads[by]

    def take(self, count: int) -> None:
        """Raises ServerBusy, and DiskFull."""
        self._unlooked += count
        if self._unlooked >= LOOK_BYTES:
            self._unlooked = 0
            ensure_disk()
        super().take(count)
