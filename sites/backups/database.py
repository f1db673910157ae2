"""The database of a backup: copied as it is at one moment, and put into an empty one."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from django.db import connection

from sites.errors import BackupFailed, BackupRefused

NAME = "database"
"""Of its file in a backup: an SQLite database, or a dump of PostgreSQL in its own format."""
_POSTGRESQL_PROGRAMS = Path("/usr/lib/postgresql")


def dump(target: Path) -> None:
    """Write a copy of the database. Raises BackupFailed."""
    if connection.vendor == "postgresql":
        _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"])
        return
    source = Path(connection.settings_dict["NAME"]).as_uri()
    with closing(sqlite3.connect(f"{source}?mode=ro", uri=True)) as read, closing(sqlite3.connect(target)) as copy:
        read.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def load(source: Path, target: Path) -> None:
    """Put the copy into place: to the path `target`, or into the PostgreSQL that is connected and empty.

    Raises BackupRefused for a copy that is damaged, BackupFailed.
    """
    if connection.vendor == "postgresql":
        options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        _run("pg_restore", [*options, f"--dbname={connection.settings_dict['NAME']}", str(source)])
        return
    try:
        with closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)) as copy:
            said = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise BackupRefused(reason=f"its database is damaged ({said})", remedy="Choose another backup.")
    source.chmod(0o600)
    source.replace(target)


def is_empty() -> bool:
    """Whether the database that is connected has no tables. For SQLite the file is created by asking."""
    return not connection.introspection.table_names()


def _run(name: str, arguments: Sequence[str]) -> None:
    """One of PostgreSQL's own programs, connected as Greenroom is. The password is in its environment only."""
    said = connection.settings_dict
    given = {"PGDATABASE": "NAME", "PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    environment = os.environ | {variable: str(said[key]) for variable, key in given.items() if said[key]}
    done = subprocess.run([_find(name), *arguments], env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise BackupFailed(reason=f"{name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def _find(name: str) -> str:
    """The newest one of the machine: it can read the databases of older servers."""
    versions = sorted(_POSTGRESQL_PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: float(path.parent.parent.name))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise BackupFailed(
            reason=f"{name} is not installed. Install it (Debian: apt-get install postgresql-client)",
        )
    return found
