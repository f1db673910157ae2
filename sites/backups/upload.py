"""An object that is sent while it is written, in parts. Nothing of it can be seen before it is complete."""

import base64
import hashlib
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from sites.backups.address import Address
from sites.backups.faults import code_of, told
from sites.errors import BackupFailed, BackupStoreRefused

PART_BYTES = 64 * 1024**2
"""All parts but the last one have this size, as some stores want it."""
MOST_PARTS = 10_000
BLOCK = 1024**2
MEGABYTE = 1024**2


def _md5(data: bytes = b"") -> Any:
    """What S3 has as checksum of a part. Against those who forge there is the encryption."""
    return hashlib.md5(data, usedforsecurity=False)


class Upload:
    """Takes bytes, and keeps one part of them on the disk until it is sent."""

    def __init__(self, client: Any, address: Address, tell: Callable[[str], None]) -> None:
        """Begin. Raises BackupStoreRefused."""
        self.bytes = 0
        self._client, self._address, self._tell = client, address, tell
        self._of = {"Bucket": address.bucket, "Key": address.key}
        self._parts: list[dict[str, Any]] = []
        self._digests: list[bytes] = []
        self._whole = hashlib.sha256()
        with told(address):
            self._id = client.create_multipart_upload(**self._of, ContentType="application/octet-stream")["UploadId"]
        self._part: IO[bytes] = tempfile.TemporaryFile(dir=settings.DATA_DIR)
        self._digest = _md5()

    def write(self, data: bytes) -> int:
        """Take all of it; a part that is full is sent first. Raises BackupStoreRefused, BackupFailed, OSError."""
        left = memoryview(data)
        while left:
            room = PART_BYTES - self._part.tell()
            self._part.write(left[:room])
            self._digest.update(left[:room])
            self._whole.update(left[:room])
            left = left[room:]
            if self._part.tell() == PART_BYTES:
                self._send()
        return len(data)

    def finish(self) -> None:
        """Send the rest, let the object appear, and compare what the store has with what was sent.

        Raises BackupStoreRefused, BackupFailed; then there is no object.
        """
        if self._part.tell() or not self._parts:
            self._send()
        self._part.close()
        with told(self._address):
            try:
                self._client.complete_multipart_upload(
                    **self._of, UploadId=self._id, MultipartUpload={"Parts": self._parts}
                )
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":  # or an answer was lost, and it was complete at the first try
                    raise
        try:
            self._compare()
        except BaseException:
            with suppress(BotoCoreError, ClientError):
                self._client.delete_object(**self._of)
            raise

    def abort(self) -> None:
        """Take away what was sent. Where the store does not answer, the next backup does it."""
        self._part.close()
        with suppress(BotoCoreError, ClientError):
            self._client.abort_multipart_upload(**self._of, UploadId=self._id)

    def _send(self) -> None:
        if len(self._parts) == MOST_PARTS:
            raise BackupFailed(
                reason=f"it is larger than {MOST_PARTS * PART_BYTES / 1024**3:,.0f} GB, what a store takes"
            )
        size = self._part.tell()
        self._part.seek(0)
        digest = self._digest.digest()
        number = len(self._parts) + 1
        with told(self._address):
            done = self._client.upload_part(
                **self._of,
                UploadId=self._id,
                PartNumber=number,
                Body=self._part,
                ContentLength=size,
                ContentMD5=base64.b64encode(digest).decode(),
            )
        self._parts.append({"PartNumber": number, "ETag": done["ETag"]})
        self._digests.append(digest)
        self.bytes += size
        self._part.seek(0)
        self._part.truncate()
        self._digest = _md5()
        self._tell(f"{self.bytes / MEGABYTE:,.1f} MB sent")

    def _compare(self) -> None:
        """By the MD5 of all parts, which most stores make the object's ETag; otherwise it is read back."""
        with told(self._address):
            found = self._client.head_object(**self._of)
            expected = _md5(b"".join(self._digests)).hexdigest()
            if found["ContentLength"] == self.bytes and found["ETag"].strip('"') == f"{expected}-{len(self._parts)}":
                return
            self._tell("The store names no checksum of its own. Reading the backup back")
            kept = hashlib.sha256()
            for block in self._client.get_object(**self._of)["Body"].iter_chunks(BLOCK):
                kept.update(block)
        if kept.digest() != self._whole.digest():
            raise BackupStoreRefused(
                store=self._address,
                reason="what it keeps differs from what was sent, and was removed",
                remedy="Start the backup again; if that happens twice, use another store.",
            )
