"""Backups on schedule: when one is due, how many are kept, how the last one ended."""

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from sites.backups.making import PARTIAL, PREFIX, Backup, backups_in, make
from sites.errors import BackupFailed, BackupPlaceRefused

SECONDS = 600.0
"""Between two looks at whether one is due, and so between a failure and the next try."""
LIMIT_SECONDS = 12 * 3600
RECORD = "backup.json"


@dataclass(frozen=True, slots=True)
class Ending:
    """How the last backup on schedule ended."""

    at: str
    """UTC time, ISO 8601."""
    file: str
    bytes: int
    failure: str
    """A sentence; empty after success."""


def is_due() -> bool:
    """Whether the newest backup in BACKUP_FOLDER is older than BACKUP_HOURS, or there is none."""
    if not settings.BACKUP_FOLDER:
        return False
    made = backups_in(Path(settings.BACKUP_FOLDER))
    return not made or time.time() - made[-1].stat().st_mtime >= settings.BACKUP_HOURS * 3600


def run() -> None:
    """Make one if it is due, and remove the oldest beyond BACKUPS_KEPT. Raises BackupPlaceRefused, BackupFailed."""
    if not is_due():
        return
    folder = Path(settings.BACKUP_FOLDER)
    try:
        for left in folder.glob(f"{PREFIX}*{PARTIAL}"):
            left.unlink(missing_ok=True)
        backup = make(folder, has_keys=settings.BACKUP_KEYS)
        for old in backups_in(folder)[: -settings.BACKUPS_KEPT]:
            old.unlink(missing_ok=True)
    except (BackupFailed, BackupPlaceRefused) as error:
        _record(None, str(error))
        raise
    _record(backup, "")


def last() -> Ending | None:
    """How the last one ended; None when none has."""
    try:
        return Ending(**json.loads((settings.DATA_DIR / RECORD).read_text()))
    except FileNotFoundError:
        return None


def line() -> str:
    """What `status` says."""
    if not settings.BACKUP_FOLDER:
        return "none on schedule (BACKUP_FOLDER)"
    ending = last()
    if ending is None:
        return f"none yet in {settings.BACKUP_FOLDER}"
    return ending.failure or f"{ending.file}, {ending.bytes / 1024**2:,.1f} MB, {ending.at[:16].replace('T', ' ')} UTC"


def _record(backup: Backup | None, failure: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    ending = Ending(at, str(backup.path) if backup else "", backup.bytes if backup else 0, failure)
    draft = settings.DATA_DIR / f"{RECORD}.new"
    draft.write_text(json.dumps(asdict(ending)))
    draft.replace(settings.DATA_DIR / RECORD)
