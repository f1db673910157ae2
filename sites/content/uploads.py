"""A request body becomes a file in the upload folder, or nothing at all; and whose turn it is to be unpacked."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from django.conf import settings

from sites.content.store import CHUNK
from sites.disk.folders import claim, free, try_lock
from sites.errors import DiskFull, UploadsBusy, UploadTooLarge

LOOK_BYTES = 64 * 1024 * 1024
"""Between two looks at the free disk."""
FILES_IN_RESERVE = 20_000
AT_ONCE = 2
"""Unpacking takes a processor, and the portal is served beside it."""
TURN_SECONDS = 20
TURN_PAUSE_SECONDS = 0.05


class Readable(Protocol):
    """A request, a file, a body."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


@contextmanager
def received(stream: Readable, limit: int) -> Iterator[Path]:
    """A stream as a file of its own, for as long as it is worked on.

    Raises UploadTooLarge as soon as more than `limit` bytes came, and DiskFull. Nothing is left behind, also when
    the stream breaks off with an error of its own.
    """
    settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("wb", prefix="upload-", dir=settings.UPLOAD_DIR) as file:
        claim(file.fileno())
        size = 0
        while chunk := stream.read(CHUNK):
            if size % LOOK_BYTES < CHUNK:
                ensure_disk()
            size += len(chunk)
            if size > limit:
                raise UploadTooLarge(limit=in_units(limit))
            file.write(chunk)
        file.flush()
        yield Path(file.name)


def ensure_disk() -> None:
    """Raises DiskFull when less of the disk is free than is kept in reserve."""
    found = free(settings.DATA_DIR)
    if found.bytes < settings.DISK_RESERVE:
        raise disk_full()
    if found.files is not None and found.files < FILES_IN_RESERVE:
        raise DiskFull(free=f"{found.files:,} files", reserve=f"{FILES_IN_RESERVE:,} files")


def disk_full() -> DiskFull:
    """The refusal, with what is free now."""
    return DiskFull(free=in_units(free(settings.DATA_DIR).bytes), reserve=in_units(settings.DISK_RESERVE))


@contextmanager
def turn(owner: str) -> Iterator[None]:
    """Unpack when it is one's turn: one archive of an owner at a time, AT_ONCE of all. Raises UploadsBusy."""
    folder = settings.RUN_DIR / "turns"
    folder.mkdir(mode=0o700, exist_ok=True)
    until = time.monotonic() + TURN_SECONDS
    held: list[int] = []
    try:
        held.append(_first_free([folder / f"of-{owner}"], until))
        held.append(_first_free([folder / f"any-{number}" for number in range(AT_ONCE)], until))
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)


def _first_free(locks: list[Path], until: float) -> int:
    while True:
        for lock in locks:
            descriptor = try_lock(lock)
            if descriptor is not None:
                return descriptor
        if time.monotonic() > until:
            raise UploadsBusy(seconds=TURN_SECONDS)
        time.sleep(TURN_PAUSE_SECONDS)


def in_units(size: int) -> str:
    """A size for people: '512 MB'."""
    for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"
