"""Backups on schedule, to a folder and to a store: when one is due, how many are kept, how the last one ended."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType

from django.conf import settings

from sites.backups.making import PARTIAL, PREFIX, backups_in, make
from sites.errors import BackupFailed, BackupPlaceRefused, BackupStoreRefused

SECONDS = 600.0
"""Between two looks at whether one is due, and so between a failure and the next try."""
LIMIT_SECONDS = 12 * 3600
FAILURES = (BackupFailed, BackupPlaceRefused, BackupStoreRefused)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the last backup to a place ended, and where the last good one is."""

    at: str
    """UTC time, ISO 8601."""
    file: str
    bytes: int
    failure: str
    """A sentence; empty after success."""
    made_at: float = 0.0
    """Unix time of the last good one, in seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where backups go: a folder, or a store."""

    name: str
    """As it is set."""
    record: str
    """The file in the data folder that says how the last one ended."""
    is_due: Callable[["Place"], bool]
    make: Callable[[str], tuple[str, int]]
    """Makes one there, and says its whole name and its bytes. Raises one of FAILURES."""
    remove_oldest: Callable[[str], None]
    """Removes those beyond BACKUPS_KEPT. Raises one of FAILURES."""

    def last(self) -> Ending | None:
        """How the last one ended; None when none has."""
        try:
            return Ending(**json.loads((settings.DATA_DIR / self.record).read_text()))
        except FileNotFoundError:
            return None

    def line(self) -> str:
        """What `status` says."""
        ending = self.last()
        if ending is None:
            return f"none yet in {self.name}"
        at = ending.at[:16].replace("T", " ")
        return ending.failure or f"{ending.file}, {ending.bytes / 1024**2:,.1f} MB, {at} UTC"

    def run(self) -> None:
        """Make one, then remove the oldest. Raises one of FAILURES, which is recorded first."""
        ending = self.last() or Ending("", "", 0, "")
        try:
            file, size = self.make(self.name)
            ending = replace(ending, file=file, bytes=size, made_at=time.time())
            self._record(ending, "")
            self.remove_oldest(self.name)
        except FAILURES as error:
            self._record(ending, str(error))
            raise

    def _record(self, ending: Ending, failure: str) -> None:
        ending = replace(ending, at=datetime.now(UTC).isoformat(timespec="seconds"), failure=failure)
        draft = settings.DATA_DIR / f"{self.record}.new"
        draft.write_text(json.dumps(asdict(ending)))
        draft.replace(settings.DATA_DIR / self.record)


def places() -> list[Place]:
    """Those that are set."""
    found = []
    if settings.BACKUP_FOLDER:
        found.append(
            Place(settings.BACKUP_FOLDER, "backup.json", _is_folder_due, _make_in_folder, _remove_oldest_in_folder)
        )
    if settings.BACKUP_STORE:
        found.append(Place(settings.BACKUP_STORE, "backup-store.json", _is_store_due, _send, _remove_oldest_in_store))
    return found


def is_due() -> bool:
    """Whether the newest backup in one of the places is older than BACKUP_HOURS, or there is none. Asks no network."""
    return any(place.is_due(place) for place in places())


def run() -> None:
    """Make one in each place where it is due. Raises the first of FAILURES, when all have had their turn."""
    failures = []
    for place in places():
        try:
            if place.is_due(place):
                place.run()
        except FAILURES as error:
            failures.append(error)
    if failures:
        raise failures[0]


def line() -> str:
    """What `status` says of all places."""
    return "; ".join(place.line() for place in places()) or "none on schedule (BACKUP_FOLDER, BACKUP_STORE)"


def _is_old(made_at: float) -> bool:
    return time.time() - made_at >= settings.BACKUP_HOURS * 3600


def _is_folder_due(place: Place) -> bool:
    made = backups_in(Path(place.name))
    return not made or _is_old(made[-1].stat().st_mtime)


def _make_in_folder(name: str) -> tuple[str, int]:
    for left in Path(name).glob(f"{PREFIX}*{PARTIAL}"):
        left.unlink(missing_ok=True)
    backup = make(Path(name), has_keys=settings.BACKUP_KEYS)
    return str(backup.path), backup.bytes


def _remove_oldest_in_folder(name: str) -> None:
    for old in backups_in(Path(name))[: -settings.BACKUPS_KEPT]:
        old.unlink(missing_ok=True)


def _is_store_due(place: Place) -> bool:
    """By the record, so that nobody waits for the store; one in another store does not count."""
    ending = place.last()
    return ending is None or not ending.file.startswith(f"{place.name.rstrip('/')}/") or _is_old(ending.made_at)


def _send(name: str) -> tuple[str, int]:
    sent = _stored().send(name)
    return str(sent.address), sent.bytes


def _remove_oldest_in_store(name: str) -> None:
    _stored().remove_oldest(name, kept=settings.BACKUPS_KEPT)


def _stored() -> ModuleType:
    """Loaded when it is used: boto3 takes memory, and most installations have no store."""
    return import_module("sites.backups.stored")
