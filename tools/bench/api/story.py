"""The measurement: reading few and many sites, swaps by a program under load, and every answer judged."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from django.conf import settings

from sites.models import Operation, Scope, Site, Stay, Subscription
from sites.models.required import required
from sites.services import access_tokens
from tools.bench.api import reading, walk
from tools.bench.api.description import HAS_VALIDATOR, WITHOUT_VALIDATOR
from tools.bench.api.program import Place, Program, Seen, describe
from tools.bench.api.swaps import swap
from tools.bench.costs import busy_share
from tools.bench.many import configure
from tools.bench.report import Report, Target
from tools.bench.scale import wait_until_routed
from tools.bench.sites import make_site
from tools.bench.visitors import Crowd, Visitors
from tools.demo.staged_site import StagedSite
from tools.prober.analysis import analyse

FEW, MANY = 10, 1_000
KEYS = (
    "queries_per_read",
    "p95_ratio_1000",
    "p95_ratio_1000_equal_pages",
    "swaps",
    "requests",
    "failed",
    "answers",
    "schema_violations",
)
TARGETS = {
    "queries_per_read": Target(8),
    "p95_ratio_1000_equal_pages": Target(1.5),
    "failed": Target(0),
    "schema_violations": Target(0),
}
BETWEEN_SECONDS = 0.3
"""From the end of a swap until the next is asked for, and after the last one."""
SHOWN_FAULTS = 10
SEED = 1

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    swaps: int = 50
    reads: int = 300
    """Of each list, as it comes."""
    equal_reads: int = 1000
    """Of each list with equal pages: the ratio of these has a limit, so its interval has to be small."""
    rate: float = 100.0
    """Requests a second of the visitors; others come on top."""


QUICK = Plan(swaps=5, reads=40, equal_reads=200, rate=30.0)


def measure(say: Say, plan: Plan) -> Report:
    """Raises OperationFailed, PublishingRefused, TimeoutError."""
    site = make_site("bench-api", 2)
    site.set_up_production()
    site.set_up_staging()
    place = Place(settings.PORT, f"{settings.PORTAL_HOST}:{settings.PORT}")
    seen = Seen(describe(place))
    few_token, many_token = _readers(site)
    wait_until_routed(MANY)
    figures: dict[str, object] = {"machine_busy": round(busy_share(1.0), 3)}
    with ExitStack() as stack:
        text = access_tokens.create(acting_user=site.user, name="bench", scopes=[Scope.ADMINISTER], days=1)[1]
        program, stranger, few, many = (
            stack.enter_context(Program(place, token, seen)) for token in (text, "wrong", few_token, many_token)
        )
        times = plan.reads + plan.equal_reads
        say(f"Reading lists of {FEW} and {MANY:,} sites in turns, {times:,} times each")
        figures |= _of_reading(place, few_token, many_token, few, many, site, plan)
        say(f"Swapping {plan.swaps} times by the API, under load")
        figures |= _of_swaps(program, site, plan)
        figures["addresses_read"] = walk.read_everything(program, seen.description, _names(site))
        walk.be_refused(program, stranger, few, site.name)
    figures |= {
        "answers": seen.answers,
        "schema_violations": len(seen.faults) if HAS_VALIDATOR or seen.faults else None,
        "schema_faults": seen.faults[:SHOWN_FAULTS],
    }
    if not HAS_VALIDATOR:
        figures["schema_reason"] = WITHOUT_VALIDATOR
    return Report(figures, KEYS, TARGETS)


def _names(site: StagedSite) -> dict[str, str]:
    """What stands in addresses, as far as the site has it."""
    staging = site.staging
    deployment = required(staging.current_workload.active_deployment, "what staging serves")
    return {
        "site_name": site.name,
        "slot_name": staging.name,
        "operation_id": str(Operation.objects.filter(site=staging.site).latest("pk").public_id),
        "deployment_id": deployment.public_id.hex,
        "release_id": str(Stay.objects.filter(slot=staging).latest("pk").pk),
    }


def _readers(site: StagedSite) -> tuple[str, str]:
    """Tokens of somebody who sees FEW sites, and of somebody who sees MANY, all that there are."""
    short = Subscription.objects.create(name="Few")
    revision = required(site.production.live_revision, "the live revision")
    configure(short, revision, upto=Site.objects.count() + FEW)
    configure(site.subscription, revision, upto=MANY)
    return reading.reader("bench-few", [short]), reading.reader("bench-many", [short, site.subscription])


def _of_reading(
    place: Place, few_token: str, many_token: str, few: Program, many: Program, site: StagedSite, plan: Plan
) -> dict[str, object]:
    listed = Site.objects.filter(subscription__name="Few").values_list("name", flat=True)[0]
    counted = {
        str(FEW): reading.count_queries(place.host, few_token, listed),
        str(MANY): reading.count_queries(place.host, many_token, site.name),
    }
    whole = reading.interleave(few, many, plan.reads)
    same = reading.interleave(few, many, plan.equal_reads, FEW)
    estimate = same.p95_interval(random.Random(SEED))  # noqa: S311  draws, not secrets
    return {
        "queries_per_read": max(number for one in counted.values() for number in one.values()),
        "queries": counted,
        "sites": {str(FEW): reading.total(few), str(MANY): reading.total(many)},
        "p95_ratio_1000": round(whole.p95_ratio, 3),
        "p50_ratio_1000": round(whole.p50_ratio, 3),
        "p95_ms": {str(FEW): round(reading.p95(whole.few), 2), str(MANY): round(reading.p95(whole.many), 2)},
        "p95_ratio_1000_equal_pages": round(estimate.value, 3),
        "p95_ratio_1000_equal_pages_interval": [round(estimate.low, 3), round(estimate.high, 3)],
        "p50_ratio_1000_equal_pages": round(same.p50_ratio, 3),
    }


def _of_swaps(program: Program, site: StagedSite, plan: Plan) -> dict[str, object]:
    """What a prober at production saw."""
    site.begin_anew()
    crowd = Crowd(site.name, ("127.0.0.1", settings.PORT), site.hosts[:1], plan.rate)
    with Visitors(crowd) as visitors:
        for _ in range(plan.swaps):
            time.sleep(BETWEEN_SECONDS)
            swap(program, site)
        time.sleep(BETWEEN_SECONDS)
    found = analyse(visitors.seen.records, site.expectation)
    return {
        "swaps": len(site.switches),
        "requests": found.requests,
        "failed": found.failed + found.stale_after_swap,
        "went_back": found.went_back,
        "failures": dict(found.failures),
        "swap_seconds_p50": round(sorted(site.swap_seconds)[len(site.swap_seconds) // 2], 3),
    }
