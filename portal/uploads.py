"""Where an uploaded file goes: to the upload folder, and only where somebody waits for it."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest


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
    """One archive, written while it arrives and given up as soon as it is larger than MAX_UPLOAD."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.received = 0

    @property
    def is_too_large(self) -> bool:
        """Whether it was given up; `request.FILES` is empty then."""
        return self.received > settings.MAX_UPLOAD

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece, or end the upload: what still comes is read and forgotten, so that the answer is seen."""
        self.received += len(raw_data)
        if self.is_too_large:
            raise StopUpload(connection_reset=False)
        super().receive_data_chunk(raw_data, start)
