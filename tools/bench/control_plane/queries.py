"""How many database queries the portal and the workers make, counted while this process does their work."""

import heapq
import html
import itertools
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from celery import Task
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sites.models import Operation
from tools.demo.operations import OperationFailed
from tools.demo.staged_site import StagedSite

LIMIT_SECONDS = 60.0


class Orders:
    """Work that was ordered of the workers, in the order in which it is due."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def take(self, task: Task, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None, **how: Any) -> None:
        """In place of `Task.apply_async`."""
        due = time.monotonic() + (how.get("countdown") or 0)
        heapq.heappush(self._waiting, (due, next(self._numbers), lambda: task(*args, **(kwargs or {}))))

    def work_until_done(self, operation: Operation) -> None:
        """As a worker would, until the operation has ended. Raises OperationFailed."""
        ends_at = time.monotonic() + LIMIT_SECONDS
        while self._waiting and time.monotonic() < ends_at:
            due, _, work = heapq.heappop(self._waiting)
            time.sleep(max(0.0, due - time.monotonic()))
            work()
        operation.refresh_from_db()
        if operation.is_open:
            raise OperationFailed(f"The {operation} did not end in this process.")


@contextmanager
def _orders() -> Iterator[Orders]:
    """Within it nothing goes to the queue."""
    orders, former = Orders(), Task.apply_async
    Task.apply_async = lambda task, args=(), kwargs=None, **how: orders.take(task, args, kwargs, **how)
    try:
        yield orders
    finally:
        Task.apply_async = former


def count_queries(site: StagedSite) -> dict[str, object]:
    """Of the POST that asks for a swap, of the work on a swap of warm instances, and of a dashboard."""
    client = Client(headers={"host": f"{settings.PORTAL_HOST}:{settings.PORT}"})
    client.force_login(site.user)
    slot = f"/sites/{site.name}/staging"
    client.get(f"{slot}/dashboard/")  # what is read once and kept
    with CaptureQueriesContext(connection) as dashboard:
        _expect(client.get(f"{slot}/dashboard/").status_code, HTTPStatus.OK)
    asked = {"served": _served(client.get(f"{slot}/swap/").content.decode())}
    with _orders() as orders:
        with CaptureQueriesContext(connection) as post:
            _expect(client.post(f"{slot}/swap/", asked).status_code, HTTPStatus.SEE_OTHER)
        operation = Operation.objects.filter(site__name=site.name).latest("pk")
        with CaptureQueriesContext(connection) as job:
            orders.work_until_done(operation)
    return {"queries_swap_post": len(post), "queries_swap_job": len(job), "queries_dashboard": len(dashboard)}


def _served(question: str) -> str:
    """What the question says that the slots serve, as a browser sends it back. Raises OperationFailed."""
    found = re.search(r'name="served" value="([^"]+)"', question)
    if found is None:
        raise OperationFailed("The question before a swap does not say what the slots serve.")
    return html.unescape(found[1])


def _expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise OperationFailed(f"The portal answered {status} in place of {wanted}.")
