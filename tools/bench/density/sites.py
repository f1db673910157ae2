"""What a site costs the control plane: while nobody asks for it, and at one request per second."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from django.conf import settings

from sites.models import MetricSample
from sites.models.required import required
from tools.bench.apart import Apart
from tools.bench.control_plane.processes import memory
from tools.bench.control_plane.story import idle
from tools.bench.density.asking import visit
from tools.bench.many import configure
from tools.bench.scale import wait_until_routed
from tools.demo.staged_site import StagedSite

DAY_SECONDS = 86_400
LOOK_SECONDS, MINUTE = 10, 60
"""The spans of the samples."""


def measure_sites(
    say: Callable[[str], None],
    site: StagedSite,
    *,
    counts: Sequence[int],
    idle_seconds: float,
    settled_seconds: float,
    asked: int,
    asked_seconds: float,
) -> dict[str, object]:
    """Memory and processor time at each of `counts` sites, and of `asked` of them at one request per second each.

    A site's own figure is the difference between the fewest and the most, divided by how many more these are.
    """
    revision = required(site.production.live_revision, "the live revision")
    megabytes: dict[int, float] = {}
    spent: dict[int, float] = {}
    hosts: list[str] = []
    for count in counts:
        hosts += configure(site.subscription, revision, upto=count)
        wait_until_routed(count)
        time.sleep(settled_seconds)
        spent[count] = sum(idle(idle_seconds).values())
        megabytes[count] = sum(memory().values())
        say(f"{count} idle sites: {megabytes[count]:.0f} MB, {spent[count]:.1f} ms of processor time per second")
    few, many = counts[0], counts[-1]
    rows, busy = _asked(hosts[:asked], asked_seconds)
    say(f"{asked} sites at one request per second: {busy:.1f} ms of processor time per second")
    return {
        "mb_per_idle_site": round((megabytes[many] - megabytes[few]) / (many - few), 4),
        "cpu_ms_per_idle_site_minute": round((spent[many] - spent[few]) * 60 / (many - few), 3),
        "cpu_ms_per_asked_site_minute": round((busy - spent[many]) * 60 / asked, 1),
        "rows_per_active_slot_day": round(rows / asked / asked_seconds * DAY_SECONDS + DAY_SECONDS / MINUTE + 24),
        "megabytes": {str(count): round(value, 1) for count, value in megabytes.items()},
        "idle_cpu_ms_per_second": {str(count): round(value, 1) for count, value in spent.items()},
    }


def _asked(hosts: Sequence[str], seconds: float) -> tuple[int, float]:
    """New samples of ten seconds, and processor time in ms per second, while each host is asked once a second."""
    with Apart("visitors", partial(visit, tuple(hosts), settings.PORT)):
        time.sleep(2 * LOOK_SECONDS)  # until all are known to be used
        before = MetricSample.objects.filter(seconds=LOOK_SECONDS).count()
        busy = sum(idle(seconds).values())
        return MetricSample.objects.filter(seconds=LOOK_SECONDS).count() - before, busy
