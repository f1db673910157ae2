"""Where a backup is in a store that speaks S3: `s3://BUCKET/PREFIX/NAME`."""

import re
from dataclasses import dataclass

from sites.errors import BackupStoreRefused

SCHEME = "s3://"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_KEY = re.compile(r"[A-Za-z0-9!_.*'()=+@,-]+(/[A-Za-z0-9!_.*'()=+@,-]+)*")


@dataclass(frozen=True, slots=True)
class Address:
    """A bucket, and a prefix in it or one object."""

    bucket: str
    key: str
    """Without a slash at its ends; empty for the bucket itself."""

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}" if self.key else f"{SCHEME}{self.bucket}"

    def below(self, name: str) -> "Address":
        """What has this name there."""
        return Address(self.bucket, f"{self.key}/{name}" if self.key else name)

    @property
    def parent(self) -> "Address":
        """Where an object is."""
        return Address(self.bucket, self.key.rpartition("/")[0])

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]


def is_store(text: str) -> bool:
    """Whether this names a store, and not a folder or a file."""
    return text.startswith(SCHEME)


def parse(text: str) -> Address:
    """Raises BackupStoreRefused."""
    bucket, _, key = text.removeprefix(SCHEME).partition("/")
    key = key.rstrip("/")
    if not is_store(text) or not _BUCKET.fullmatch(bucket) or (key and not _KEY.fullmatch(key)):
        raise BackupStoreRefused(
            store=text,
            reason="this is no address of a store",
            remedy="Write s3://BUCKET/PREFIX, the prefix of letters, digits, slashes and - _ . only.",
        )
    return Address(bucket, key)
