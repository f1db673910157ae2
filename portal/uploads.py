"""Where an uploaded file goes: to the upload folder, and only where somebody waits for it."""

import fcntl
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from portal.templatetags.site_pages import in_bytes
from sites.errors import DiskFull, Refused, UploadTooLarge
from sites.services.storage import ensure_disk

LOOK_BYTES = 64 * 1024 * 1024
"""Between two looks at the free disk."""


class NoFiles(FileUploadHandler):
    """The handler of every address that expects no file: its bytes are thrown away unread."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Skip it."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached."""

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Never reached."""


class ArchiveUpload(TemporaryFileUploadHandler):
    """One archive, written while it arrives; given up when it is larger than MAX_UPLOAD, or the disk gets full."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.refusal: Refused | None = None
        """Why it was given up; `request.FILES` is empty then."""
        self._received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Claim the file, so that it is not taken for one that a killed process left."""
        super().new_file(*args, **kwargs)
        fcntl.flock(self.file.fileno(), fcntl.LOCK_EX)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece, or end the upload: what still comes is read and forgotten, so that the answer is seen."""
        if self._received % LOOK_BYTES < len(raw_data):
            try:
                ensure_disk()
            except DiskFull as refusal:
                self.refusal = refusal
        self._received += len(raw_data)
        if self._received > settings.MAX_UPLOAD:
            self.refusal = UploadTooLarge(limit=in_bytes(settings.MAX_UPLOAD))
        if self.refusal:
            raise StopUpload(connection_reset=False)
        super().receive_data_chunk(raw_data, start)
