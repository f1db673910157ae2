"""The story of the seed, under load: publish, validate, swap, roll back, again and again."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from sites.content.samples import demo_archive
from sites.services.subscriptions import ensure_default
from tools.demo.crowds import django_visitors, flask_visitors
from tools.demo.report import Report
from tools.demo.router_stats import Retries
from tools.demo.staged_site import VERSIONS, StagedSite
from tools.prober.analysis import analyse, combine
from tools.prober.load import Load
from tools.prober.session import SessionClient

WANTED_REQUESTS = 20_000
LONGEST_EXTRA_SECONDS = 90.0
BETWEEN_SWAPS_SECONDS = 1.0
INSTANCES = 3

Say = Callable[[str], None]
Result = TypeVar("Result")


def tell(say: Say, *, swaps: int) -> Report:
    """Set two sites up and swap each `swaps` times under load. Raises OperationFailed, PublishingRefused."""
    flask, django = sites = _sites()
    say("Building a Flask and a Django application from their requirements, two versions of each")
    _together(lambda one: _set_up(one, say), sites)
    address = ("127.0.0.1", settings.PORT)
    clients = [
        *flask_visitors(flask.name, address, flask.hosts),
        *django_visitors(django.name, address, django.hosts),
    ]
    sessions = sum(isinstance(client, SessionClient) for client in clients)
    with Load(clients) as load:
        retries = Retries()
        say(f"{len(clients)} clients send requests of every kind; {sessions} people have signed in")
        time.sleep(BETWEEN_SWAPS_SECONDS)
        for number in range(1, swaps + 1):
            seconds = _together(lambda one: one.swap(), sites)
            time.sleep(BETWEEN_SWAPS_SECONDS)
            retries.look()
            _say_swapped(say, load, f"{'Swap' if number % 2 else 'Swap back'} {number} of {swaps}", sites, seconds)
        _go_on(load, say)
        retries.look()
    return Report(
        findings=combine(analyse(load.records, one.expectation) for one in sites),
        swap_seconds=[seconds for one in sites for seconds in one.swap_seconds],
        sessions=sessions,
        retried=retries.count,
    )


def _sites() -> list[StagedSite]:
    """One with a sticky setting in each slot, so that swaps start instances, and one whose instances are reused."""
    user = get_user_model().objects.filter(is_superuser=True).order_by("pk").first()
    if user is None:
        user = get_user_model().objects.create_superuser("demo")
    subscription = ensure_default(owner=user)
    return [
        StagedSite(
            name=f"{kind}-demo",
            user=user,
            subscription=subscription,
            archive=partial(demo_archive, kind),
            port=settings.PORT,
            instances=INSTANCES,
            is_marked=kind == "flask",
        )
        for kind in ("flask", "django")
    ]


def _set_up(site: StagedSite, say: Say) -> None:
    site.set_up_production()
    say(f"{site.name}: version {VERSIONS[0]} was built and serves in production, {INSTANCES} instances")
    site.set_up_staging()
    say(f"{site.name}: version {VERSIONS[1]} was built and serves in staging, {INSTANCES} instances")


def _together(work: Callable[[StagedSite], Result], sites: list[StagedSite]) -> list[Result]:
    """The same for all sites at once, each in a thread with a database connection of its own."""

    def with_connection(one: StagedSite) -> Result:
        try:
            return work(one)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(sites)) as pool:
        return list(pool.map(with_connection, sites))


def _say_swapped(say: Say, load: Load, what: str, sites: list[StagedSite], seconds: list[float]) -> None:
    took = ", ".join(f"{one.name} {spent:.1f} s" for one, spent in zip(sites, seconds, strict=True))
    failed = sum(record.trouble is not None for record in load.records)
    say(f"{what}: {took}; {load.count:,} requests so far, {failed or 'none'} failed")


def _go_on(load: Load, say: Say) -> None:
    """Enough requests make the figures mean something."""
    if load.count < WANTED_REQUESTS:
        say(f"Going on up to {WANTED_REQUESTS:,} requests, {LONGEST_EXTRA_SECONDS:g} s at the longest")
    ends_at = time.monotonic() + LONGEST_EXTRA_SECONDS
    while load.count < WANTED_REQUESTS and time.monotonic() < ends_at:
        time.sleep(0.2)
