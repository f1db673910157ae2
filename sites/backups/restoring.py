"""Put a backup into an empty data folder. It may be cut off at any point and run again."""

import json
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from sites.backups import archive, database, manifest, snapshot
from sites.backups.manifest import Manifest
from sites.disk import trees
from sites.errors import BackupRefused
from sites.keyring import key_file
from sites.models import DeletedSlot, Deployment, Revision

DRAFT = "restore.new"
UNFINISHED = "restore.json"
"""Says that the database is in place, or about to be, and still names the folders of where it comes from."""


def restore(source: Path, *, tell: Callable[[str], None]) -> Manifest:
    """Restore a backup, and return what it says of itself. The database comes last: with it the restore is complete.

    Raises BackupRefused, BackupFailed.
    """
    described = archive.describe(source)
    unfinished = settings.DATA_DIR / UNFINISHED
    if not (unfinished.exists() and _has_database()):
        _unpack(source, described, tell)
    _move_paths(json.loads(unfinished.read_text()))
    unfinished.unlink()
    return described


def ensure_empty() -> None:
    """There is nothing that a restore would overwrite. Raises BackupRefused."""
    if _has_database() and not (settings.DATA_DIR / UNFINISHED).exists():
        raise BackupRefused(
            reason="this installation has a database already",
            remedy="Restore into a new data folder (--data DIR), or an empty database.",
        )


def _unpack(source: Path, described: Manifest, tell: Callable[[str], None]) -> None:
    ensure_empty()
    _ensure_readable(described)
    draft = settings.DATA_DIR / DRAFT
    trees.remove(draft)  # of one that was cut off
    draft.mkdir(mode=0o700)
    try:
        tell(f"Unpacking the backup of {described.made_at}")
        lost = archive.extract(source, draft)
        if lost:
            tell(
                f"{len(lost)} files or folders that web sites wrote could not be restored, for example: "
                f"{lost[0][:300]}. Everything else is restored."
            )
        _place(draft, described)
        (settings.DATA_DIR / UNFINISHED).write_text(json.dumps(described.folder))
        database.load(draft / database.NAME, Path(connection.settings_dict["NAME"]))
    finally:
        trees.remove(draft)


def _has_database() -> bool:
    if connection.vendor != "sqlite":
        return not database.is_empty()
    path = Path(connection.settings_dict["NAME"])
    return path.exists() and path.stat().st_size > 0


def _ensure_readable(described: Manifest) -> None:
    if described.database != connection.vendor:
        raise BackupRefused(
            reason=f"it holds a database of {described.database}, and this installation uses {connection.vendor}",
            remedy="Set DATABASE_URL to that kind of database.",
        )
    if unknown := set(described.migrations) - manifest.known():
        raise BackupRefused(
            reason=f"its database is newer than this version of Greenroom ({min(unknown)})", remedy="Use a newer one."
        )
    held = manifest.fingerprints(key_file(settings.KEY_FILE).read())
    if not described.has_keys and not set(described.keys) <= set(held):
        raise BackupRefused(
            reason="it does not hold the keys, and the key file is another one",
            remedy=f"Put the copy of the key file to {settings.KEY_FILE}, then restore again.",
        )


def _place(draft: Path, described: Manifest) -> None:
    """Everything but the database. What a restore that was cut off has placed is replaced."""
    for part in sorted(draft.iterdir()):
        if part.name in (manifest.NAME, database.NAME, snapshot.KEYS):
            continue
        target = settings.DATA_DIR / part.name
        trees.remove(target)
        part.rename(target)
    if described.has_keys:
        file = key_file(settings.KEY_FILE)
        (draft / snapshot.KEYS).chmod(0o600)
        (draft / snapshot.KEYS).replace(file.path.resolve())


def _move_paths(former: str) -> None:
    """Rows name folders by their whole path."""
    present = str(settings.DATA_DIR)
    if former == present:
        return
    with transaction.atomic():
        for revision in Revision.objects.filter(state__in=Revision.OPEN):
            revision.snapshot = _moved(revision.snapshot, former, present)
            revision.save(update_fields=["snapshot"])
        for model in (Deployment, DeletedSlot):
            for row in model.objects.only("pk", "traits"):
                row.traits = json.loads(_moved(json.dumps(row.traits), former, present))
                row.save(update_fields=["traits"])


def _moved(text: str, former: str, present: str) -> str:
    return text.replace(json.dumps(f"{former}/")[1:-1], json.dumps(f"{present}/")[1:-1])
