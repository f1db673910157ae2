"""What is measured for `./greenroom bench density`, in the order of the report."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.bench.density.instances import measure_instances
from tools.bench.density.routers import measure_routers
from tools.bench.density.sites import measure_sites
from tools.bench.density.starts import measure_starts
from tools.bench.report import Report, Target
from tools.bench.sites import make_site

KEYS = (
    "mb_per_idle_site",
    "cpu_ms_per_idle_site_minute",
    "rows_per_active_slot_day",
    "start_ratio",
    "instances_per_second",
    "readopt_seconds_500",
    "latency_ratio",
    "cpu_ratio_bare_envoy",
    "cpu_ratio_haproxy",
)
TARGETS = {"start_ratio": Target(1.5), "latency_ratio": Target(1.1)}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    sites: tuple[int, ...] = (10, 100, 1000)
    idle_seconds: float = 30.0
    settled_seconds: float = 20.0
    asked: int = 10
    asked_seconds: float = 60.0
    pairs: int = 30
    instances: int = 500
    rounds: int = 15
    requests: int = 1000
    """Of one round, to each router."""


QUICK = Plan((10, 30), 3.0, 3.0, 3, 25.0, pairs=2, instances=10, rounds=2, requests=100)


def measure(say: Say, plan: Plan) -> Report:
    """Figures of the running installation, and of an agent and routers beside it.

    Raises OperationFailed, PublishingRefused, TimeoutError.
    """
    site = make_site("bench-dense", 1)
    site.set_up_production()
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        figures = measure_routers(say, site, Path(folder), plan.rounds, plan.requests)
    figures |= measure_starts(say, plan.pairs)
    figures |= measure_instances(say, plan.instances)
    figures |= measure_sites(
        say,
        site,
        counts=plan.sites,
        idle_seconds=plan.idle_seconds,
        settled_seconds=plan.settled_seconds,
        asked=plan.asked,
        asked_seconds=plan.asked_seconds,
    )
    return Report(figures, KEYS, TARGETS)
