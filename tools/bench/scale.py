"""What a swap costs among few and among many sites, and what the router holds in memory for them."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise

from django.conf import settings

from sites.router.envoy import EnvoyRouter
from tools.bench.costs import ROUTER, memory_mb, usage
from tools.bench.swapping import swap
from tools.demo.staged_site import StagedSite
from tools.prober.client import Exam, HttpClient
from tools.prober.http import Call

LOADED_SECONDS = 600.0
SETTLING_SECONDS = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time, in milliseconds."""

    per_swap: dict[str, float]
    """Part → what one swap costs it, less what it uses anyway."""
    idle_per_second: dict[str, float]
    """Part → what it uses anyway."""

    @property
    def total(self) -> float:
        """Of one swap, all parts."""
        return sum(self.per_swap.values())

    @property
    def idle(self) -> float:
        """Of one second without a swap, all parts."""
        return sum(self.idle_per_second.values())


def cost_of_swap(site: StagedSite, count: int, idle_seconds: float) -> Cost:
    """Swap `count` times without any visitor, between two equally long idle spans. Raises OperationFailed."""
    at = [usage()]
    time.sleep(idle_seconds / 2)
    at.append(usage())
    for _ in range(count):
        swap(site)
    at.append(usage())
    time.sleep(idle_seconds / 2)
    at.append(usage())
    spans = [(after.at - before.at, after.since(before)) for before, after in pairwise(at)]
    (before_seconds, before), (swap_seconds, spent), (after_seconds, after) = spans
    idle = {name: (before[name] + after[name]) / (before_seconds + after_seconds) for name in spent}
    return Cost(
        per_swap={name: (spent[name] - idle[name] * swap_seconds) / count * 1000 for name in spent},
        idle_per_second={name: used * 1000 for name, used in idle.items()},
    )


def wait_until_routed(sites: int) -> None:
    """Until the router's control plane knows so many sites, and has come to rest. Raises TimeoutError."""
    router = EnvoyRouter()
    ends_at = time.monotonic() + LOADED_SECONDS
    while router.status()["sites"] < sites:
        if time.monotonic() > ends_at:
            raise TimeoutError(f"the router's control plane did not know {sites} sites in {LOADED_SECONDS:g} s")
        time.sleep(1.0)
    time.sleep(SETTLING_SECONDS)


async def ask_each(hosts: Iterable[str]) -> int:
    """Ask each host name once, which makes it active; returns for how many the router said that they are starting."""
    client = HttpClient("first visitor", "first visit", ("127.0.0.1", settings.PORT), _nothing)
    right = 0
    for host in hosts:
        record = await client.ask(Exam(Call(host, "/"), lambda answer: "", HTTPStatus.SERVICE_UNAVAILABLE))
        right += record.trouble is None
    return right


def router_memory_mb() -> float:
    """Envoy's memory now."""
    return round(memory_mb(ROUTER), 1)


def rounded(figures: dict[str, float]) -> dict[str, float]:
    """With the sum of all."""
    return {name: round(value, 2) for name, value in {**figures, "all": sum(figures.values())}.items()}


def _nothing(number: int) -> Exam:
    raise AssertionError(f"request {number} was not chosen")
