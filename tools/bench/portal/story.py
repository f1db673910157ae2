"""The measurement: pages open on many sites, swaps of a few of them, and the time until every page shows each swap."""

import asyncio
import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from django.conf import settings
from django.contrib.auth import get_user_model

from sites.models import Membership, Operation, Role, Site
from sites.models.required import required
from tools.bench.control_plane.queries import count_queries
from tools.bench.door.stage import session_of
from tools.bench.many import configure
from tools.bench.portal import pages
from tools.bench.portal.pages import Door, OpenPage, Truth
from tools.bench.portal.visit import first_visit
from tools.bench.report import Report, Target
from tools.bench.sites import make_site
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite

KEYS = (
    "pages",
    "swaps",
    "stale_seconds_p50",
    "stale_seconds_p95",
    "never_shown",
    "server_ms_list_1000",
    "files_per_page",
    "kb_first_visit",
    "queries_dashboard",
)
TARGETS = {
    "stale_seconds_p95": Target(2.0),
    "never_shown": Target(0),
    "files_per_page": Target(8),
    "queries_dashboard": Target(20),
}
OPENING_SECONDS = 0.05
"""Between two pages that are opened."""
PATIENCE_SECONDS = 30.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured. Pages: those of the list and of the logs, of the swapped sites, and of other sites."""

    sites: int = 1_000
    swapped: int = 4
    swaps: int = 20
    lists: int = 20
    logs: int = 20
    of_swapped: int = 40
    of_others: int = 120
    people: int = 20
    asked: int = 30
    """Times that the list is asked for while nothing happens."""


QUICK = Plan(sites=30, swapped=1, swaps=2, lists=3, logs=3, of_swapped=4, of_others=6, people=2, asked=3)


def measure(say: Say, plan: Plan) -> Report:
    """Raises OperationFailed, PublishingRefused, TimeoutError."""
    staged = [make_site(f"bench-{number}", 1) for number in range(plan.swapped)]
    for site in staged:
        site.set_up_production()
        site.set_up_staging()
    first = staged[0]
    configure(first.subscription, required(first.production.live_revision, "the live revision"), upto=plan.sites)
    door = Door(settings.PORT, f"{settings.PORTAL_HOST}:{settings.PORT}")
    cookies = [f"{settings.SESSION_COOKIE_NAME}={_reader(number, first)}" for number in range(plan.people)]
    figures: dict[str, object] = {"sites": Site.objects.count()}
    figures |= _costs(door, cookies[0], first, plan)
    opened = _pages(door, cookies, staged, plan)
    say(f"{len(opened)} open pages, {plan.swaps} swaps")
    asyncio.run(_swaps(opened, staged, plan))
    stale = sorted(seconds for page in opened for seconds in page.stale)
    wanted = sum(1 for page in opened if page.shows and page.watch == "*") * plan.swaps
    wanted += sum(1 for page in opened if page.shows and page.watch != "*") * plan.swaps // plan.swapped
    figures |= {
        "pages": len(opened),
        "swaps": plan.swaps,
        "stale_seconds_p50": round(statistics.median(stale), 3) if stale else None,
        "stale_seconds_p95": round(stale[min(len(stale) - 1, int(len(stale) * 0.95))], 3) if stale else None,
        "stale_seconds_max": round(stale[-1], 3) if stale else None,
        "never_shown": wanted - len(stale),
        "pages_asked": sum(page.asked for page in opened),
    }
    return Report(figures, KEYS, TARGETS)


def _reader(number: int, site: StagedSite) -> str:
    """The session of somebody who may see everything."""
    user = get_user_model().objects.create_user(f"reader-{number}", password=secrets.token_hex(8))
    Membership.objects.create(subscription=site.subscription, user=user, role=Role.READER)
    return session_of(user)


def _costs(door: Door, cookie: str, site: StagedSite, plan: Plan) -> dict[str, object]:
    """What pages cost while nothing happens."""

    async def seconds() -> list[float]:
        spent = []
        for _ in range(plan.asked + 2):
            began = time.monotonic()
            await door.page("/sites/", cookie)
            spent.append(time.monotonic() - began)
        return spent[2:]  # what is read once and kept

    address = ("127.0.0.1", door.port)
    files, size = first_visit(address, door.host, f"/sites/{site.name}/production/dashboard/", cookie)
    return {
        "server_ms_list_1000": round(statistics.median(asyncio.run(seconds())) * 1000, 1),
        "files_per_page": files,
        "kb_first_visit": round(size / 1024, 1),
        "queries_dashboard": count_queries(site)["queries_dashboard"],
    }


def _pages(door: Door, cookies: Sequence[str], staged: Sequence[StagedSite], plan: Plan) -> list[OpenPage]:
    person = cycle(cookies)
    others = Site.objects.filter(name__startswith="configured-").values_list("name", flat=True)
    found = [OpenPage(door, "/sites/?q=bench-", next(person), "*", pages.row_of_list) for _ in range(plan.lists)]
    found += [OpenPage(door, "/operations/", next(person), "*", pages.row_of_logs) for _ in range(plan.logs)]
    kinds = [(site.name, tab, shows) for site in staged for tab, shows in _TABS]
    found += [
        OpenPage(door, f"/sites/{name}/production/{tab}/", next(person), name, shows)
        for name, tab, shows in islice(cycle(kinds), plan.of_swapped)
    ]
    found += [
        OpenPage(door, f"/sites/{name}/production/dashboard/", next(person), name, None)
        for name in islice(cycle(list(others)), plan.of_others)
    ]
    return found


_TABS = (("dashboard", pages.overview), ("deployments", pages.history))


async def _swaps(opened: Sequence[OpenPage], staged: Sequence[StagedSite], plan: Plan) -> None:
    tasks = []
    for page in opened:
        tasks.append(asyncio.create_task(page.live()))
        await asyncio.sleep(OPENING_SECONDS)
    await asyncio.sleep(2)
    try:
        for number in range(plan.swaps):
            site = staged[number % len(staged)]
            truth = await asyncio.to_thread(_swap, site)
            concerned = [page for page in opened if page.shows and page.watch in ("*", site.name)]
            for page in concerned:
                page.expect(truth)
            ends_at = time.monotonic() + PATIENCE_SECONDS
            while any(page.truth for page in concerned) and time.monotonic() < ends_at:
                await asyncio.sleep(0.02)
            for page in concerned:
                page.truth = None
            await asyncio.sleep(1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _swap(site: StagedSite) -> Truth:
    operation = Operation.objects.get(pk=wait_for(site.request_swap()).pk)
    deployment = required(site.production.current_workload.active_deployment, "what production serves")
    ended_at = required(operation.ended_at, "the end of a swap").timestamp()
    return Truth(site.name, deployment.short_id, str(operation.public_id), ended_at)
