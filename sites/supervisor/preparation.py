"""What must be so before the first process is started: folders, version, tables, static files."""

import hashlib
import os
import stat
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sites.errors import Refused
from sites.models import Operation

DATA_VERSION = 1
"""Grows when the layout of the data folder changes in a way that older code would misread."""


def make_folders() -> None:
    """Make the data folder and its parts, for their owner alone. Raises Refused."""
    private = [settings.DATA_DIR, settings.RUN_DIR, settings.LOG_DIR, settings.UPLOAD_DIR, settings.STATIC_ROOT]
    for folder in private:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = settings.RUN_DIR.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Refused(
            f"{settings.RUN_DIR} belongs to somebody else, so the sockets cannot lie there. Nothing was started. "
            "Choose a data folder with a shorter path: ./greenroom up --data DIR"
        )
    settings.RUN_DIR.chmod(0o700)


def check_data_version() -> None:
    """Refuse a data folder of newer code. Raises Refused."""
    path = settings.DATA_DIR / "version"
    if not path.exists():
        path.write_text(f"{DATA_VERSION}\n")
        return
    version = int(path.read_text())
    if version > DATA_VERSION:
        raise Refused(
            f"The data folder {settings.DATA_DIR} was written by a newer Greenroom (version {version}; this one knows "
            f"{DATA_VERSION}). Nothing was changed. Start the newer code, or choose another folder with --data."
        )


def migrate() -> int:
    """Bring the tables up to date and return how many migrations ran. Raises Refused.

    A migration with `needs_no_open_operations = True` waits until nothing is under way.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    careful = [migration for migration, _ in plan if getattr(migration, "needs_no_open_operations", False)]
    if careful and Operation._meta.db_table in connection.introspection.table_names():
        waiting = Operation.objects.filter(state__in=Operation.OPEN).count()
        if waiting:
            raise Refused(
                f"The update changes how operations are recorded ({careful[0].name}), and {waiting} of them are open. "
                "The tables were not touched. Let them end with the former code, then start again."
            )
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
    return len(plan)


def collect_static() -> bool:
    """Put the portal's pictures and styles where the web server finds them, if they changed since the last time."""
    marker = settings.STATIC_ROOT / ".digest"
    digest = _digest_of_folder(Path(settings.STATICFILES_DIRS[0]))
    if marker.exists() and marker.read_text() == digest:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    marker.write_text(digest)
    return True


def _digest_of_folder(folder: Path) -> str:
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found = path.stat()
            digest.update(f"{path.relative_to(folder)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
