"""Backups in a store that speaks S3: sent while they are made, encrypted, and fetched to be restored."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.backups import address, archive, manifest, sealing, snapshot
from sites.backups.address import Address
from sites.backups.download import Download
from sites.backups.making import failures_told, new_name
from sites.backups.restoring import ensure_empty
from sites.backups.store import SUFFIX, Store
from sites.backups.upload import Upload
from sites.disk.folders import free
from sites.errors import BackupRefused
from sites.keyring import key_file

FETCHED = "restore.download"
BUFFER = 1024**2


@dataclass(frozen=True, slots=True)
class Sent:
    """A backup that is complete in a store."""

    address: Address
    bytes: int
    changed: int
    """Files of sites that changed while they were read, went away, or could not be read."""


def send(text: str, *, tell: Callable[[str], None] = lambda _: None) -> Sent:
    """Make a backup below an address. It never holds the keys, and is encrypted with one of them.

    Nothing of it is written to this disk but the part that is being sent. Raises BackupStoreRefused, BackupFailed.
    """
    store = Store(address.parse(text))
    store.names()  # refuses before anything is copied
    ring = key_file(settings.KEY_FILE).read()
    place = store.address.below(f"{new_name()}-{manifest.installation(ring)}{SUFFIX}")
    with failures_told(), snapshot.taken(has_keys=False, name=place.name) as draft:
        store.end_uploads(installation=manifest.installation(ring))
        tell(f"The database is copied. Sending {place}")
        upload = Upload(store.client, place, tell)
        try:
            said = archive.stream(snapshot.parts(draft), lambda plain: sealing.seal(plain, upload, ring))
            upload.finish()
        except BaseException:
            upload.abort()
            raise
    return Sent(place, upload.bytes, len(said))


def remove_oldest(text: str, *, kept: int) -> None:
    """Remove what is beyond the newest ones of this installation. Raises BackupStoreRefused."""
    store = Store(address.parse(text))
    own = manifest.installation(key_file(settings.KEY_FILE).read())
    store.remove(store.names(installation=own)[:-kept])


@contextmanager
def fetched(text: str, *, tell: Callable[[str], None]) -> Iterator[Path]:
    """The archive of a backup, decrypted into the data folder, where it stays until it is restored.

    Raises BackupStoreRefused, BackupRefused.
    """
    ensure_empty()
    place = address.parse(text)
    _ensure_named(place)
    file = settings.DATA_DIR / FETCHED
    try:
        source = Download(Store(place).client, place, tell)
        _ensure_fits(source.bytes)
        tell(f"Fetching {place}, {source.bytes / 1024**2:,.1f} MB")
        _decrypt(source, file)
        _ensure_called(place, archive.describe(file).name)
        yield file
    finally:
        file.unlink(missing_ok=True)


def _ensure_named(place: Address) -> None:
    if place.name.endswith(SUFFIX):
        return
    names = Store(place).names()
    raise BackupRefused(
        reason=f"{place} names none",
        remedy=f"The newest one there is {place.below(names[-1])}." if names else "There is none below it.",
    )


def _ensure_called(place: Address, name: str) -> None:
    """A store could give an older backup under the name of a newer one."""
    if name and name != place.name:
        raise BackupRefused(
            reason=f"the store gives {place.name}, and what it gives calls itself {name}",
            remedy=f"If you renamed it, name it {name} again. If not, do not trust this store; choose another backup.",
        )


def _ensure_fits(size: int) -> None:
    room = free(settings.DATA_DIR).bytes
    if room < size:
        raise BackupRefused(
            reason=f"its archive takes {size / 1024**2:,.0f} MB, and {room / 1024**2:,.0f} MB are free here",
            remedy="Choose a folder on a larger disk: --data DIR",
        )


def _decrypt(source: Download, file: Path) -> None:
    file.unlink(missing_ok=True)  # of one that was killed
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            sealing.unseal(io.BufferedReader(source, BUFFER), target, key_file(settings.KEY_FILE).read())
    except sealing.NotReadable as error:
        raise BackupRefused(
            reason=f"it cannot be decrypted with the keys in {settings.KEY_FILE} ({error})",
            remedy="Put the copy of the key file of that installation there, then restore again. "
            "If it is that one, the backup is damaged: choose another one.",
        ) from error
    except OSError as error:
        raise BackupRefused(
            reason=f"it cannot be written here ({error})", remedy="Make room, then restore again."
        ) from error
