"""What is measured inside a running installation: memory, idle cost, the cost of a swap, queries."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from sites.models.required import required
from tools.bench.control_plane.processes import control_plane, count_python, memory
from tools.bench.control_plane.queries import count_queries
from tools.bench.control_plane.visit import swap_by_hand
from tools.bench.costs import cpu_seconds
from tools.bench.many import configure
from tools.bench.scale import wait_until_routed
from tools.bench.sites import make_site
from tools.demo.staged_site import StagedSite

INSTANCES = 2

Say = Callable[[str], None]
SETTLED_SECONDS = 20.0
"""After the last change: what is kept for a roll-back and what a start leaves to do is over."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    swaps: int = 30
    idle_seconds: float = 30.0
    few: int = 10
    many: int = 1_000
    starts: int = 3


QUICK = Plan(swaps=3, idle_seconds=3.0, many=30, starts=1)


def measure(say: Say, plan: Plan) -> dict[str, object]:
    """Figures of the running installation. Raises OperationFailed, PublishingRefused, TimeoutError."""
    site = make_site("bench-plain", INSTANCES)
    site.set_up_production()
    site.set_up_staging()
    configure(site.subscription, required(site.production.live_revision, "the live revision"), upto=plan.few)
    swap_by_hand(site)
    wait_until_routed(plan.few)
    time.sleep(SETTLED_SECONDS)
    few = idle(plan.idle_seconds)
    parts = memory()
    say(f"{sum(parts.values()):.0f} MB in {count_python()} Python processes and Redis")
    say(f"Idle with {plan.few} sites: {sum(few.values()):.1f} ms of processor time per second")
    figures: dict[str, object] = {
        "pss_mb": round(sum(parts.values()), 1),
        "pss_mb_by_part": parts,
        "python_processes": count_python(),
    }
    spent = cost_of_swaps(site, plan.swaps, few)
    say(f"A swap takes {sum(spent.values()):.0f} ms of processor time")
    figures |= {"swap_cpu_ms": round(sum(spent.values()), 1), "swap_cpu_ms_by_part": _rounded(spent)}
    figures |= count_queries(site)
    configure(site.subscription, required(site.production.live_revision, "the live revision"), upto=plan.many)
    wait_until_routed(plan.many)
    time.sleep(SETTLED_SECONDS)
    many = idle(plan.idle_seconds)
    say(f"Idle with {plan.many} sites: {sum(many.values()):.1f} ms/s")
    return figures | {
        "idle_cpu_ms_per_second": {
            str(plan.few): round(sum(few.values()), 1),
            str(plan.many): round(sum(many.values()), 1),
        },
        "idle_cpu_ms_per_second_by_part": {str(plan.few): _rounded(few), str(plan.many): _rounded(many)},
    }


def idle(seconds: float) -> dict[str, float]:
    """Part → milliseconds of processor time per second while nothing is asked: the median of three spans."""
    looks = [_look()]
    for _ in range(3):
        time.sleep(seconds / 3)
        looks.append(_look())
    spans = [_between(before, after) for before, after in pairwise(looks)]
    return {name: statistics.median(spent[name] / length for length, spent in spans) * 1000 for name in spans[0][1]}


def cost_of_swaps(site: StagedSite, count: int, anyway: dict[str, float]) -> dict[str, float]:
    """Part → milliseconds of processor time per swap, less what is used anyway (in ms per second)."""
    before = _look()
    for _ in range(count):
        swap_by_hand(site)
    length, spent = _between(before, _look())
    return {name: (used * 1000 - anyway.get(name, 0.0) * length) / count for name, used in spent.items()}


def _look() -> tuple[float, dict[str, float]]:
    parts = {name: sum(map(cpu_seconds, pids)) for name, pids in control_plane().items()}
    return time.monotonic(), parts


def _between(
    before: tuple[float, dict[str, float]], after: tuple[float, dict[str, float]]
) -> tuple[float, dict[str, float]]:
    return after[0] - before[0], {name: used - before[1].get(name, 0.0) for name, used in after[1].items()}


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in figures.items()}
