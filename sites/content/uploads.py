"""A request body becomes a file in the upload folder, or nothing at all."""

import os
import tempfile
from pathlib import Path
from typing import Protocol

from django.conf import settings

from sites.content.store import CHUNK
from sites.errors import UploadTooLarge


class Readable(Protocol):
    """A request, a file, a body."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


def receive_upload(stream: Readable, limit: int) -> Path:
    """Write a stream to a file of its own, which the caller removes.

    Raises UploadTooLarge as soon as more than `limit` bytes came; nothing is left behind then,
    nor when the stream breaks off with an error of its own.
    """
    settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="upload-", dir=settings.UPLOAD_DIR)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            received = 0
            while chunk := stream.read(CHUNK):
                received += len(chunk)
                if received > limit:
                    raise UploadTooLarge(limit=in_units(limit))
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def in_units(size: int) -> str:
    """A size for people: '512 MB'."""
    for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"
