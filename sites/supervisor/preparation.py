"""What must be so before the first process is started: folders, version, tables, static files."""

import hashlib
import os
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sites import data_folder
from sites.errors import Refused
from sites.models import Operation
from sites.runtime.agent.isolation import Level


def make_folders(isolation: str) -> int:
    """Make the data folder and its parts, for their owner alone, and return how many files in it were open to others.

    Raises Refused. Without a sandbox sites run as other users and pass through the folder to their files; they can
    list nothing of it.
    """
    data_folder.claim(settings.DATA_DIR)
    for folder in (settings.RUN_DIR, settings.LOG_DIR, settings.UPLOAD_DIR, settings.STATIC_ROOT):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data_folder.ensure_ours(folder)
        folder.chmod(0o700)
    is_passed_through = isolation == Level.NONE and os.geteuid() == 0
    mode = data_folder.PASSABLE if is_passed_through else data_folder.PRIVATE
    for folder in (settings.CONTENT_DIR, settings.BUILD_DIR, settings.CACHE_DIR, settings.MOUNT_DIR, settings.DATA_DIR):
        folder.mkdir(exist_ok=True)
        data_folder.close(folder, mode)
    return tighten()


def tighten() -> int:
    """Close what older code or a copy left open, and return how many files and folders that were.

    What sites have to read keeps its rights: contents, builds, persistent folders, the accounts that the agent writes.
    """
    own = [settings.LOG_DIR, settings.STATIC_ROOT, settings.RUN_DIR, settings.UPLOAD_DIR]
    count = sum(data_folder.tighten(folder) for folder in own)
    files = [path for path in settings.DATA_DIR.iterdir() if path.is_file() and not path.is_symlink()]
    files += settings.INSTANCE_DIR.glob("revisions/*/wanted.json")
    files += settings.INSTANCE_DIR.glob("revisions/*/*/log*")
    files += settings.INSTANCE_DIR.glob("runs/*/*.json")
    return count + sum(data_folder.close_file(path) for path in files)


def check_data_version() -> None:
    """Refuse a data folder of newer code. Raises Refused."""
    layout = data_folder.layout_of(settings.DATA_DIR)
    if layout > data_folder.LAYOUT:
        raise Refused(
            f"The data folder {settings.DATA_DIR} was written by a newer Greenroom (version {layout}; this one knows "
            f"{data_folder.LAYOUT}). Nothing was changed. Start the newer code, or choose another folder with --data."
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
