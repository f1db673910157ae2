"""Swaps of a site while visitors come, each with its moments on the clock of the visitors."""

import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sites.models import Operation
from sites.models.required import required
from sites.runtime.agent.background import ask_for_slices
from tools.bench.costs import busy_share
from tools.bench.switches import Moment
from tools.bench.visitors import Crowd, Visit, Visitors
from tools.bench.windows import WINDOW_SECONDS
from tools.demo.operations import monotonic, wait_for
from tools.demo.router_stats import Retries
from tools.demo.staged_site import StagedSite
from tools.prober.clock import now

SETTLING_SECONDS = 2.0
"""Before the first swap and after the last one."""
UNWATCHED_SECONDS = 0.8
"""After the request for a swap: looking at it would be a load of its own, in the second around the switch."""
AFTERMATH_SECONDS = 0.5
"""After a swap has ended: no control window begins earlier."""


@dataclass
class Swaps:
    """What was measured of a row of swaps."""

    visit: Visit = field(default_factory=lambda: Visit((), ()))
    moments: list[Moment] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """From the request for each swap until its operation said Succeeded."""
    quiet: list[tuple[float, float]] = field(default_factory=list)
    """Spans without a swap."""
    steps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Step → seconds that each swap spent there."""
    retried: int | None = None
    busy: float = 0.0
    """Share of the machine's processors that was busy under the load, before the first swap."""


def swap_under_load(
    site: StagedSite, crowd: Crowd, count: int, chance: random.Random, on_swap: Callable[[int], None]
) -> Swaps:
    """Swap `count` times, at random moments with room for a control window before each. Raises OperationFailed."""
    found = Swaps()
    site.begin_anew()
    retries = Retries()
    with Visitors(crowd) as visitors:
        quiet_since = now() + 1.0
        found.busy = round(busy_share(SETTLING_SECONDS), 3)
        for number in range(1, count + 1):
            time.sleep(AFTERMATH_SECONDS + WINDOW_SECONDS + chance.uniform(0.0, 0.4))
            found.quiet.append((quiet_since, now() - AFTERMATH_SECONDS / 5))
            _note(found, swap(site), site)
            quiet_since = now() + AFTERMATH_SECONDS
            on_swap(number)
        retries.look()
        time.sleep(SETTLING_SECONDS)
    found.visit = visitors.seen
    found.retried = retries.count
    return found


def swap(site: StagedSite) -> Operation:
    """One swap, recorded in `site`. Raises OperationFailed."""
    requested_at = now()
    ask_for_slices(os.getpid())  # as the web server does, in whose place this process asks
    operation = site.request_swap()
    ask_for_slices(os.getpid(), 0)
    time.sleep(UNWATCHED_SECONDS)
    wait_for(operation)
    site.note_swap(operation, requested_at)
    return operation


def _note(found: Swaps, operation: Operation, site: StagedSite) -> None:
    switch = site.switches[-1]
    record = operation.swap
    found.moments.append(
        Moment(switch.requested_at, monotonic(required(record.switched_at, "the switch of a swap")), switch.versions)
    )
    found.seconds.append(switch.succeeded_at - switch.requested_at)
    rows = list(operation.steps.all())
    if rows:
        waited = rows[0].started_at - operation.created_at
        found.steps["requested"].append(waited.total_seconds())
    for row in rows:
        if row.ended_at is not None:
            found.steps[row.step].append((row.ended_at - row.started_at).total_seconds())


def beginnings(moments: Sequence[Moment]) -> list[float]:
    """Where the windows around the switches begin: the switch is in their middle."""
    return [moment.switched_at - WINDOW_SECONDS / 2 for moment in moments]
