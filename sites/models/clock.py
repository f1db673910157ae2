"""The database's clock: spans are measured by one clock, never by those of two machines."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.utils import timezone

_ahead = timedelta()
"""By how much the database's clock is ahead of this machine's, as the newest connection has found."""


def now() -> datetime:
    """The present moment as the database has it (aware, UTC)."""
    return _ask(connection)


def reckoned() -> datetime:
    """The same without a question, as exactly as clocks stay together while a connection is open: for pages."""
    return timezone.now() + _ahead


@receiver(connection_created)
def compare(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Note how far the two clocks are apart."""
    global _ahead
    began = timezone.now()
    asked = _ask(connection)
    _ahead = asked - (began + (timezone.now() - began) / 2)


def seconds_since(moment: datetime | None) -> float:
    """Seconds from `moment` to now; 0 for None."""
    return 0.0 if moment is None else (now() - moment).total_seconds()


def _ask(database: BaseDatabaseWrapper) -> datetime:
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
            return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment
