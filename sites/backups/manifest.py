"""What a backup says of itself: the first file of its archive."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from sites.data_folder import LAYOUT
from sites.errors import BackupRefused
from sites.keyring import Keyring, Purpose

NAME = "manifest.json"
FORMAT = 1
"""Grows when older code would misread a backup."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Facts by which a restore decides whether it can read a backup."""

    made_at: str
    """UTC time, ISO 8601."""
    folder: str
    """Path of the data folder, which the database names."""
    database: str
    """Django's word for the kind of database: sqlite or postgresql."""
    migrations: list[str]
    """`APPLICATION.NAME` of each one that the database has had."""
    keys: list[str]
    """Fingerprints of the keys that its values may be encrypted with."""
    has_keys: bool
    """Whether the key file is in the backup."""
    name: str = ""
    """What it is called in a store; empty for one that is in no store."""
    format: int = FORMAT
    layout: int = LAYOUT

    @property
    def text(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), indent=2) + "\n"


def describe(ring: Keyring, *, has_keys: bool, name: str = "") -> Manifest:
    """The manifest of a backup that is made now, of this database."""
    return Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        folder=str(settings.DATA_DIR),
        database=connection.vendor,
        migrations=applied(),
        keys=fingerprints(ring),
        has_keys=has_keys,
        name=name,
    )


def parse(text: str) -> Manifest:
    """Raises BackupRefused for what is no manifest, and for one of a newer format."""
    try:
        values = json.loads(text)
        if values["format"] > FORMAT or values["layout"] > LAYOUT:
            raise BackupRefused(reason="it was made by a newer version of Greenroom", remedy="Use that version.")
        return Manifest(**values)
    except (ValueError, KeyError, TypeError):
        raise BackupRefused(
            reason=f"its {NAME} is not one of a backup", remedy="Choose a file that `./greenroom backup` wrote."
        ) from None


def fingerprints(ring: Keyring) -> list[str]:
    """A name for each key, from which nothing can be found out about it."""
    return [sha256(b"fingerprint of " + derived).hexdigest()[:16] for derived in ring.derived(Purpose.FIELDS)]


def installation(ring: Keyring) -> str:
    """A name for the installation, which no rotation of its keys changes. Nothing can be found out from it."""
    return sha256(b"installation " + ring.codes).hexdigest()[:12]


def applied() -> list[str]:
    """The migrations of the database that is connected."""
    return sorted(f"{app}.{name}" for app, name in MigrationLoader(connection).applied_migrations)


def known() -> set[str]:
    """The migrations that this code has."""
    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
