"""An object that is read from its beginning to its end, through connections that break."""

import io
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError

from sites.backups.address import Address
from sites.backups.faults import told

TRIES = 5
"""So often in a row a connection may break without a byte."""
MEGABYTE = 1024**2
EVERY_BYTES = 64 * MEGABYTE


class Download(io.RawIOBase):
    """Reads the object that is there now; where it is replaced meanwhile, reading fails."""

    def __init__(self, client: Any, address: Address, tell: Callable[[str], None]) -> None:
        """Ask how large it is. Raises BackupStoreRefused."""
        self._client, self._address, self._tell = client, address, tell
        self._of = {"Bucket": address.bucket, "Key": address.key}
        with told(address):
            found = client.head_object(**self._of)
        self.bytes: int = found["ContentLength"]
        self._etag: str = found["ETag"]
        self._at = 0
        self._body: Any = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises BackupStoreRefused when the store stays away."""
        if self._at == self.bytes:
            return 0
        with told(self._address):
            data = self._read(len(buffer))
        buffer[: len(data)] = data
        if self._at // EVERY_BYTES != (self._at + len(data)) // EVERY_BYTES:
            self._tell(f"{(self._at + len(data)) / MEGABYTE:,.0f} of {self.bytes / MEGABYTE:,.0f} MB are here")
        self._at += len(data)
        return len(data)

    def _read(self, size: int) -> bytes:
        for tried in range(1, TRIES + 1):
            try:
                if self._body is None:
                    self._body = self._client.get_object(**self._of, Range=f"bytes={self._at}-", IfMatch=self._etag)[
                        "Body"
                    ]
                return bytes(self._body.read(size))
            except BotoCoreError:
                self._body = None
                if tried == TRIES:
                    raise
        raise AssertionError
