"""Workers that are killed at any statement."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection


class Killed(BaseException):
    """The worker is dead; nothing of it runs on."""


@contextmanager
def dying_after(statements: int) -> Iterator[None]:
    """Kill whoever works inside, before its n-th statement; what its transaction wrote is lost with it."""
    left = itertools.count(statements, -1)

    def execute(run: Callable, sql: str, params: object, many: bool, context: dict) -> object:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")) and next(left) == 0:
            raise Killed(sql[:60])
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield
