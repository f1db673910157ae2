"""Bounds for bodies that are held at the same time: bytes in memory, bytes on disk, uploads of one person or slot."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sites.errors import NoRoomForUpload, ServerBusy, TooManyUploads

FREE_BYTES = 512 * 1024**2
"""Uploads leave this much of the disk free: the database and the logs need it."""
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
        self._most = most
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
        if self.taken + count > self._most:
            raise ServerBusy(what=self.what)
        self.taken += count


class DiskRoom(Room):
    """Bytes in files of one folder, and uploads of one client."""

    what = "uploads"

    def __init__(self, folder: Path, *, most: int, most_of_one: int) -> None:
        super().__init__(most)
        self._folder = folder
        self._most_of_one = most_of_one
        self._uploads: Counter[str] = Counter()
        self._unlooked = LOOK_BYTES

    @contextmanager
    def upload(self, by: str) -> Iterator[Share]:
        """A share for an upload of `by`. Raises TooManyUploads."""
        if self._uploads[by] >= self._most_of_one:
            raise TooManyUploads(count=self._most_of_one)
        self._uploads[by] += 1
        try:
            with self.share() as share:
                yield share
        finally:
            self._uploads[by] -= 1
            if not self._uploads[by]:
                del self._uploads[by]

    def take(self, count: int) -> None:
        """Raises ServerBusy, and NoRoomForUpload when the disk is nearly full."""
        self._unlooked += count
        if self._unlooked >= LOOK_BYTES:
            self._unlooked = 0
            if shutil.disk_usage(self._folder).free < FREE_BYTES:
                raise NoRoomForUpload(reason=f"less than {FREE_BYTES // 1024**2} MB is free")
        super().take(count)
