"""The story of the seed, under load: publish, validate, swap, roll back, again and again."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.contrib.auth import get_user_model
from django.db import connection

from sites.demo.application import Application
from sites.demo.report import Report
from sites.demo.router_stats import Retries
from sites.prober.analysis import analyse, combine
from sites.prober.load import Load
from sites.services.subscriptions import ensure_default

WANTED_REQUESTS = 20_000
LONGEST_EXTRA_SECONDS = 60.0
BETWEEN_SWAPS_SECONDS = 1.0

Say = Callable[[str], None]
Result = TypeVar("Result")


def tell(say: Say, *, swaps: int) -> Report:
    """Set both applications up and swap each `swaps` times under load. Raises OperationFailed, PublishingRefused."""
    applications = _applications()
    say("Building the Flask and the Django application from their requirements, two versions of each")
    _together(lambda one: _set_up(one, say), applications)
    clients = [client for one in applications for client in one.clients()]
    sessions = sum("person" in client.name for client in clients)
    with Load(clients) as load:
        retries = Retries()
        say(f"{len(clients)} clients send requests of every kind; {sessions} people have signed in")
        time.sleep(BETWEEN_SWAPS_SECONDS)
        for number in range(1, swaps + 1):
            seconds = _together(lambda one: one.swap(), applications)
            time.sleep(BETWEEN_SWAPS_SECONDS)
            retries.look()
            took = ", ".join(f"{one.title} {spent:.1f} s" for one, spent in zip(applications, seconds, strict=True))
            failed = sum(record.trouble is not None for record in load.records)
            direction = "Swap" if number % 2 else "Swap back"
            say(f"{direction} {number} of {swaps}: {took}; {load.count:,} requests so far, {failed or 'none'} failed")
        _go_on(load, say)
        retries.look()
    return Report(
        findings=combine(analyse(load.records, one.expectation) for one in applications),
        swap_seconds=[seconds for one in applications for seconds in one.swap_seconds],
        sessions=sessions,
        retried=retries.count,
    )


def _applications() -> list[Application]:
    user = get_user_model().objects.filter(is_superuser=True).order_by("pk").first()
    if user is None:
        user = get_user_model().objects.create_superuser("demo")
    subscription = ensure_default(owner=user)
    return [
        Application("flask", "Flask", user, subscription, is_marked=True),
        Application("django", "Django", user, subscription, is_marked=False),
    ]


def _set_up(application: Application, say: Say) -> None:
    for line in application.set_up():
        say(line)


def _together(work: Callable[[Application], Result], applications: list[Application]) -> list[Result]:
    """The same for all applications at once, each in a thread with a database connection of its own."""

    def with_connection(one: Application) -> Result:
        try:
            return work(one)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(applications)) as pool:
        return list(pool.map(with_connection, applications))


def _go_on(load: Load, say: Say) -> None:
    """Enough requests make the figures mean something."""
    if load.count < WANTED_REQUESTS:
        say(f"Going on up to {WANTED_REQUESTS:,} requests, {LONGEST_EXTRA_SECONDS:g} s at the longest")
    ends_at = time.monotonic() + LONGEST_EXTRA_SECONDS
    while load.count < WANTED_REQUESTS and time.monotonic() < ends_at:
        time.sleep(0.2)
