"""The data folder as it is at one moment: the database, and second names for the files that it names."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from sites.backups import database, manifest
from sites.content import store
from sites.disk import trees
from sites.disk.folders import locked
from sites.errors import BackupFailed
from sites.jobs import in_use
from sites.keyring import key_file

DRAFT = "backup.new"
LOCK = "backup.lock"
KEYS = "secret.key"
AT_ONCE = 200
LIVE = ("mounts", "tls", "routers", "router-authority.json")
"""Read from the data folder itself while the archive is written: no row names their files."""


@contextmanager
def taken(*, has_keys: bool, name: str = "") -> Iterator[Path]:
    """A folder with the manifest, the database, and the contents, builds and interpreters that its rows name.

    `name` is what the backup is called in a store.
    Nothing of these is removed between the copy of the database and their second names. Raises BackupFailed.
    """
    draft = settings.DATA_DIR / DRAFT
    with locked(settings.DATA_DIR / LOCK):
        trees.remove(draft)  # of one that was killed
        draft.mkdir(mode=0o700)
        try:
            ring = key_file(settings.KEY_FILE).read()
            with store.naming():
                described = manifest.describe(ring, has_keys=has_keys, name=name)
                database.dump(draft / database.NAME)
                _link_all(draft)
            (draft / manifest.NAME).write_text(described.text)
            if has_keys:
                (draft / KEYS).write_text(ring.text)
            yield draft
        finally:
            trees.remove(draft)


def parts(draft: Path) -> list[tuple[Path, list[str]]]:
    """What an archive holds, as (folder, names): the manifest first, and what is read from the data folder last."""
    first = [manifest.NAME, database.NAME]
    rest = sorted(entry.name for entry in draft.iterdir() if entry.name not in first)
    live = [name for name in LIVE if (settings.DATA_DIR / name).exists()]
    return [(draft, [*first, *rest]), (settings.DATA_DIR, live)]


def _link_all(draft: Path) -> None:
    stored = in_use.contents_and_builds()
    contents = sorted(stored | {f"{name}.json" for name in stored})
    for folder, names in (
        (settings.CONTENT_DIR, contents),
        (settings.BUILD_DIR, sorted(stored)),
        (settings.TOOL_DIR, sorted(in_use.interpreters())),
    ):
        _link(folder, [name for name in names if (folder / name).exists()], draft / folder.name)


def _link(source: Path, names: Sequence[str], target: Path) -> None:
    target.mkdir(mode=0o755)
    for start in range(0, len(names), AT_ONCE):
        line = ["cp", "--archive", "--link", "--", *names[start : start + AT_ONCE], str(target)]
        done = subprocess.run(line, cwd=source, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise BackupFailed(reason=f"{source.name} could not be read: {done.stderr.strip()[-500:]}")
