"""The last good route tables on disk: what the server serves when it starts and the database is away.

One small database file: a swap writes one row, and a table set is either there as a whole or not at all.
"""

import json
import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sites.router.table import Certificate, Cluster, Endpoint, HostRoute, Maintenance, Page, RouteTable

FORMAT = 3
"""Grows when the written form changes; another form on disk counts as none."""

logger = logging.getLogger(__name__)


def encode(table: RouteTable) -> str:
    """A route table as JSON."""
    return json.dumps(asdict(table), separators=(",", ":"))


def decode(text: str) -> RouteTable:
    """The route table that `encode` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    raw: dict[str, Any] = json.loads(text)
    clusters = (
        Cluster(**cluster | {"endpoints": tuple(Endpoint(**endpoint) for endpoint in cluster["endpoints"])})
        for cluster in raw["clusters"]
    )
    certificates = (Certificate(**one | {"hosts": tuple(one["hosts"])}) for one in raw["certificates"])
    parts = {
        "hosts": tuple(HostRoute(**host | _parts(host)) for host in raw["hosts"]),
        "clusters": tuple(clusters),
        "certificates": tuple(certificates),
    }
    return RouteTable(**raw | parts)


def _parts(host: dict[str, Any]) -> dict[str, Any]:
    """Of a host's JSON, what is more than a plain value."""
    page, maintenance = host["page"], host["maintenance"]
    return {
        "page": page and Page(page),
        "maintenance": maintenance and Maintenance(**maintenance),
        "proofs": tuple((token, answer) for token, answer in host["proofs"]),
    }


class LastGood:
    """The file. Its methods never fail because of the disk: they log, and the server goes on without it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> list[RouteTable] | None:
        """All tables as they were written last; None when no complete set is there."""
        if not self._path.exists():
            return None
        try:
            with self._open() as database:
                if database.execute("PRAGMA user_version").fetchone() != (FORMAT,):
                    return None
                return [decode(text) for (text,) in database.execute("SELECT content FROM route_table")]
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            logger.warning("The last good route tables in %s cannot be read: %s", self._path, error)
            return None

    def replace(self, tables: Iterable[RouteTable]) -> None:
        """Write the complete set."""
        rows = [(table.site_id, encode(table)) for table in tables]
        try:
            try:
                self._replace(rows)
            except sqlite3.DatabaseError:
                self._path.unlink(missing_ok=True)  # damaged, and worth nothing beside the true tables
                self._replace(rows)
        except (sqlite3.Error, OSError) as error:
            self._complain(error)

    def put(self, table: RouteTable) -> None:
        """Write one site's table."""
        self._write("INSERT OR REPLACE INTO route_table VALUES (?, ?)", (table.site_id, encode(table)))

    def remove(self, site_id: int) -> None:
        """Forget one site."""
        self._write("DELETE FROM route_table WHERE site_id = ?", (site_id,))

    def _replace(self, rows: list[tuple[int, str]]) -> None:
        with self._open() as database:
            database.execute("BEGIN")
            database.execute("CREATE TABLE IF NOT EXISTS route_table (site_id INTEGER PRIMARY KEY, content TEXT)")
            database.execute("DELETE FROM route_table")
            database.executemany("INSERT INTO route_table VALUES (?, ?)", rows)
            database.execute(f"PRAGMA user_version = {FORMAT}")
            database.execute("COMMIT")

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            with self._open() as database:
                database.execute(statement, values)
        except (sqlite3.Error, OSError) as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        logger.warning("The last good route tables cannot be written to %s: %s", self._path, error)

    def _open(self) -> "_Closing":
        return _Closing(self._path)


class _Closing:
    """A connection for one `with`; sqlite3's own leaves it open."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, timeout=2)

    def __enter__(self) -> sqlite3.Connection:
        # No wait for the disk: after a power failure a damaged file counts as none
        self._database.execute("PRAGMA synchronous = OFF")
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()
