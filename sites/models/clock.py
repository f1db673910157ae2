"""The database's clock: spans are measured by one clock, never by those of two machines."""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """The present moment as the database has it (aware, UTC)."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
            return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def seconds_since(moment: datetime | None) -> float:
    """Seconds from `moment` to now; 0 for None."""
    return 0.0 if moment is None else (now() - moment).total_seconds()
