"""A store that speaks S3: what is in it, and what is taken away again."""

import logging
import re
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from django.conf import settings

from sites.backups import archive, sealing
from sites.backups.address import Address
from sites.backups.faults import told
from sites.backups.making import PREFIX

SUFFIX = f"{archive.SUFFIX}{sealing.SUFFIX}"
_NAME = re.compile(rf"{PREFIX}\d{{4}}-\d\d-\d\dT\d{{6}}Z-([0-9a-f]{{12}}){re.escape(SUFFIX)}")
"""With the name of the installation, for several may share a prefix."""
CONNECT_SECONDS = 10
SILENCE_SECONDS = 60
TRIES = 5
AGENT = "greenroom"


def client() -> Any:
    """Of boto3, which finds credentials as every program for S3 does: environment, file, or role of the machine.

    Checksums of later versions of S3 are asked for by nobody: other stores do not know them, and `Upload` has its own.
    """
    logging.getLogger("botocore").setLevel(logging.WARNING)  # below that it writes headers, which hold tokens
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.BACKUP_STORE_ENDPOINT or None,
        region_name=settings.BACKUP_STORE_REGION or None,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=SILENCE_SECONDS,
            retries={"mode": "standard", "max_attempts": TRIES},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra=AGENT,
        ),
    )


class Store:
    """The backups below one prefix. Everything raises BackupStoreRefused."""

    def __init__(self, address: Address) -> None:
        self.address = address
        with told(address):
            self.client = client()

    def names(self, *, installation: str = "") -> list[str]:
        """Of the backups that are whole, of one installation or of all, the oldest first. Other objects are none."""
        found = self._listed("list_objects_v2", "Contents")
        return sorted(name for name in (self._name(entry["Key"], installation) for entry in found) if name)

    def remove(self, names: Sequence[str]) -> None:
        """Backups that are there, or not any more."""
        for name in names:
            with told(self.address):
                self.client.delete_object(Bucket=self.address.bucket, Key=self.address.below(name).key)

    def end_uploads(self, *, installation: str) -> None:
        """Take away what a backup of the installation that was killed has sent. It may not be sending one."""
        for entry in self._listed("list_multipart_uploads", "Uploads"):
            if self._name(entry["Key"], installation):
                with told(self.address):
                    self.client.abort_multipart_upload(
                        Bucket=self.address.bucket, Key=entry["Key"], UploadId=entry["UploadId"]
                    )

    def _listed(self, operation: str, word: str) -> list[dict[str, Any]]:
        with told(self.address):
            pages = self.client.get_paginator(operation).paginate(
                Bucket=self.address.bucket, Prefix=self.address.below(PREFIX).key
            )
            return [entry for page in pages for entry in page.get(word, ())]

    def _name(self, key: str, installation: str) -> str:
        """What a backup is called; empty for what is none, and for that of another installation."""
        name = key.rpartition("/")[2]
        found = _NAME.fullmatch(name)
        is_one = found is not None and installation in ("", found[1]) and self.address.below(name).key == key
        return name if is_one else ""
