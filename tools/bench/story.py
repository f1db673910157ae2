"""The whole measurement: swaps under load, the same among many sites, and nginx beside it."""

import asyncio
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.models import Site
from sites.models.required import required
from tools.bench import scale
from tools.bench.against_nginx import reload_under_load
from tools.bench.costs import busy_share
from tools.bench.figures import Load, correctness, speed
from tools.bench.many import configure
from tools.bench.nginx import NotAvailable
from tools.bench.report import Report
from tools.bench.sites import make_site
from tools.bench.swapping import swap_under_load
from tools.bench.visitors import Crowd
from tools.demo.staged_site import StagedSite

INSTANCES = 2
FEW = 10
MANY = 10_000
SEED = 7
"""Of the random moments, so that two runs cut the same windows."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    swaps: int = 200
    marked_swaps: int = 20
    """Of the site with sticky settings, whose swaps start instances."""
    cost_swaps: int = 100
    sites: int = MANY
    active: int = 100
    reloads: int = 100
    rate: float = 100.0
    """Requests a second at a fixed rate; the other visitors come on top."""
    idle_seconds: float = 30.0


QUICK = Plan(swaps=4, marked_swaps=2, cost_swaps=4, sites=40, active=10, reloads=3, rate=50.0, idle_seconds=4.0)


def measure(say: Say, plan: Plan) -> Report:
    """Raises OperationFailed, PublishingRefused, TimeoutError."""
    chance = random.Random(SEED)  # noqa: S311  moments, not secrets
    plain, marked = make_site("bench-plain", INSTANCES), make_site("bench-marked", INSTANCES, is_marked=True)
    for site in (plain, marked):
        site.set_up_production()
        site.set_up_staging()
    say(f"Two sites serve two versions each, {INSTANCES} instances per slot")
    figures: dict[str, object] = {"machine": _machine(), "machine_busy": round(busy_share(2.0), 3)}
    loads = []
    for site, count in ((plain, plan.swaps), (marked, plan.marked_swaps)):
        say(f"Swapping '{site.name}' {count} times under load")
        swaps = swap_under_load(site, _crowd(site, plan.rate), count, chance, _every_tenth(say, count))
        loads.append(Load(swaps, site.expectation))
    figures |= speed(loads[0].swaps, plain.hosts[0], chance) | correctness(loads)
    figures["machine_busy_under_load"] = loads[0].swaps.busy
    figures["marked_swap_seconds_p50"] = round(statistics.median(loads[1].swaps.seconds), 3)
    figures |= _against_nginx(say, plan, plain, chance)
    figures |= _among_many(say, plan, plain)
    return Report(figures)


def _crowd(site: StagedSite, rate: float) -> Crowd:
    return Crowd(site.name, ("127.0.0.1", settings.PORT), site.hosts, rate)


def _every_tenth(say: Say, count: int) -> Callable[[int], None]:
    def tell(number: int) -> None:
        if number % max(1, count // 10) == 0:
            say(f"  {number} of {count}")

    return tell


def _against_nginx(say: Say, plan: Plan, site: StagedSite, chance: random.Random) -> dict[str, object]:
    say(f"Reloading nginx {plan.reloads} times under the same load")
    try:
        folder = Path(settings.DATA_DIR) / "bench-nginx"
        return reload_under_load(site, _crowd(site, plan.rate), plan.reloads, chance, folder)
    except NotAvailable as error:
        say(str(error))
        return {"nginx_failed": None, "nginx_mixups": None}


def _among_many(say: Say, plan: Plan, site: StagedSite) -> dict[str, object]:
    few = min(FEW, plan.sites)
    subscription, revision = site.subscription, required(site.production.live_revision, "the live revision")
    configure(subscription, revision, upto=few)
    scale.wait_until_routed(few)
    say(f"What {plan.cost_swaps} swaps cost among {Site.objects.count()} sites")
    before = scale.cost_of_swap(site, plan.cost_swaps, plan.idle_seconds)
    say(f"  {before.total:.1f} ms of processor time each; {before.idle:.1f} ms per second without a swap")
    began = time.monotonic()
    hosts = configure(subscription, revision, upto=plan.sites)
    scale.wait_until_routed(plan.sites)
    routed = time.monotonic() - began
    right = asyncio.run(scale.ask_each(hosts[: plan.active]))
    megabytes = scale.router_memory_mb()
    say(f"{plan.sites:,} sites were configured and known to the router after {routed:.0f} s")
    after = scale.cost_of_swap(site, plan.cost_swaps, plan.idle_seconds)
    say(f"  {after.total:.1f} ms of processor time each; {after.idle:.1f} ms per second without a swap")
    ratio = round(after.total / before.total, 3)
    is_full = plan.sites >= MANY
    return {
        "cost_ratio_10000": ratio if is_full else None,
        "envoy_mb_10000": megabytes if is_full else None,
        "cost_ratio": ratio,
        "envoy_mb": megabytes,
        "sites": plan.sites,
        "active_sites": right,
        "swap_cpu_ms_few": scale.rounded(before.per_swap),
        "swap_cpu_ms_many": scale.rounded(after.per_swap),
        "idle_cpu_ms_per_second_few": scale.rounded(before.idle_per_second),
        "idle_cpu_ms_per_second_many": scale.rounded(after.idle_per_second),
        "swap_seconds_p50_many": round(statistics.median(site.swap_seconds[-plan.cost_swaps :]), 3),
    }


def _machine() -> dict[str, object]:
    return {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
