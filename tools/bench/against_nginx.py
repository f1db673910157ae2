"""The same visitors in front of nginx, which switches by reloading: the figure to beat."""

import random
import time
from dataclasses import replace
from pathlib import Path

from sites.models import Slot
from tools.bench.nginx import Nginx, Place
from tools.bench.switches import Moment, mixture
from tools.bench.visitors import Crowd, Visitors
from tools.demo.staged_site import StagedSite
from tools.prober.clock import now

SETTLING_SECONDS = 2.0


def reload_under_load(
    site: StagedSite, crowd: Crowd, count: int, chance: random.Random, folder: Path
) -> dict[str, object]:
    """Exchange the instances of the two slots behind nginx `count` times. Raises NotAvailable."""
    nginx = Nginx(folder)
    production, staging = site.hosts
    places = [_places(site.production), _places(site.staging)]
    versions = list(site.serves)
    nginx.start({production: places[0], staging: places[1]})
    moments: list[Moment] = []
    try:
        with Visitors(replace(crowd, address=("127.0.0.1", nginx.port))) as visitors:
            time.sleep(SETTLING_SECONDS)
            for _ in range(count):
                time.sleep(1.0 + chance.uniform(0.0, 0.4))
                places.reverse()
                versions.reverse()
                asked_at = now()
                nginx.switch({production: places[0], staging: places[1]})
                moments.append(Moment(asked_at, asked_at, dict(zip((production, staging), versions, strict=True))))
            time.sleep(SETTLING_SECONDS)
    finally:
        nginx.stop()
    records = visitors.seen.records
    mixed = mixture(moments, records)
    return {
        "nginx_failed": sum(one.trouble is not None for one in records),
        "nginx_mixups": mixed.requests,
        "nginx_inversions": mixed.inversions,
        "nginx_largest_inversion_ms": mixed.largest_inversion_ms,
        "nginx_reopened": sum(one.is_reopened for one in records),
        "nginx_requests": len(records),
        "nginx_reloads": len(moments),
        "nginx_version": nginx.version,
    }


def _places(slot: Slot) -> list[Place]:
    revision = slot.live_revision
    return list(revision.instances.filter(is_warm=True).values_list("address", "port")) if revision else []
