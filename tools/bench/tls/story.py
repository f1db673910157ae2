"""The measurement: certificates among few and many, handshakes beside a plain Envoy, and swaps of visitors over TLS."""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.models import HostName, HostNameKind, Site
from sites.models.required import required
from sites.services.authority import authority
from sites.services.certificates import add_certificate
from sites.supervisor.records import read_record
from sites.tls.authority import CERTIFICATE
from tools.bench.costs import ROUTER, busy_share
from tools.bench.many import configure
from tools.bench.report import Report, Target
from tools.bench.scale import wait_until_routed
from tools.bench.sites import make_site
from tools.bench.swapping import swap
from tools.bench.tls import certificates, handshakes
from tools.bench.tls.interval import estimate, ratio_of_medians
from tools.bench.tls.visitors import SecureVisitors
from tools.demo.staged_site import StagedSite
from tools.prober.analysis import analyse
from tools.prober.over_tls import WIRES

FEW, MANY = 10, 1_000
SITES_IN_TURN = 4
"""That get certificates: those of one may be changed only so often within an hour."""
KEYS = (
    "cert_ratio_1000",
    "handshake_ratio",
    "swaps",
    "requests",
    "swap_failed_tls",
    "failed",
)
TARGETS = {
    "cert_ratio_1000": Target(1.5),
    "handshake_ratio": Target(0.95, is_minimum=True),
    "swap_failed_tls": Target(0),
    "failed": Target(0),
}
SEED = 7
BETWEEN_SECONDS = 0.3
"""From the end of a swap until the next is asked for, and after the last one."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    swaps: int = 50
    deliveries: int = 40
    """Of certificates, among few and among many."""
    certificates: int = MANY
    rounds: int = 40
    """Of handshakes."""
    round_seconds: float = 1.0


QUICK = Plan(swaps=3, deliveries=4, certificates=30, rounds=4, round_seconds=0.3)


def measure(say: Say, plan: Plan) -> Report:
    """Raises OperationFailed, PublishingRefused, TimeoutError."""
    chance = random.Random(SEED)  # noqa: S311  draws, not secrets
    site = make_site("bench-tls", 2)
    site.set_up_production()
    site.set_up_staging()
    given = {}
    for slot, host in zip((site.production, site.staging), site.hosts, strict=True):
        # For HTTP/3 the router takes no certificate that is only issued when somebody asks for the name
        pair = given[host] = authority().issue(host)
        add_certificate(acting_user=site.user, slot=slot, content="".join(pair).encode(), password="")
    figures: dict[str, object] = {"machine_busy": round(busy_share(1.0), 3)}
    say(f"Swapping {plan.swaps} times; visitors come by {', '.join(WIRES)}")
    figures |= _of_swaps(site, plan.swaps)
    say(f"Shaking hands with the router and with a plain Envoy in turns, {plan.rounds} times")
    figures |= _of_handshakes(site.hosts[0], given[site.hosts[0]], plan, chance)
    figures |= _of_certificates(say, site, plan, chance)
    return Report(figures, KEYS, TARGETS)


def _of_swaps(site: StagedSite, swaps: int) -> dict[str, object]:
    site.begin_anew()
    address = ("127.0.0.1", settings.TLS_PORT)
    with SecureVisitors(site.name, address, site.hosts, _authority()) as visitors:
        for _ in range(swaps):
            time.sleep(BETWEEN_SECONDS)
            swap(site)
        time.sleep(BETWEEN_SECONDS)
    found = analyse(visitors.seen, site.expectation)
    lost = found.failed + found.stale_after_swap
    return {
        "swaps": len(site.switches),
        "requests": found.requests,
        "swap_failed_tls": lost,
        "failed": lost,
        "went_back": found.went_back,
        "failures": dict(found.failures),
        "requests_by_kind": dict(found.by_kind),
        "swap_seconds_p50": round(statistics.median(site.swap_seconds), 3),
    }


def _of_handshakes(host: str, pair: tuple[str, str], plan: Plan, chance: random.Random) -> dict[str, object]:
    pid = required(read_record(settings.RUN_DIR, ROUTER), "the router").identity.pid
    ours = handshakes.Place(settings.TLS_PORT, pid)
    with handshakes.static_envoy(Path(settings.DATA_DIR) / "bench-envoy", *pair) as static:
        handshakes.side_by_side(ours, static, host, _authority(), 1, plan.round_seconds)  # both are warm
        found = handshakes.side_by_side(ours, static, host, _authority(), plan.rounds, plan.round_seconds)
    ratio = estimate(statistics.median, found.ratios, chance)
    return {
        "handshake_ratio": round(ratio.value, 3),
        "handshake_ratio_interval": [round(ratio.low, 3), round(ratio.high, 3)],
        "handshakes_per_second": round(statistics.median(found.ours)),
        "handshakes_per_second_static": round(statistics.median(found.static)),
        "handshake_cpu_ratio": round(found.cpu_ratio, 3),
    }


def _of_certificates(say: Say, site: StagedSite, plan: Plan, chance: random.Random) -> dict[str, object]:
    seconds = {}
    revision = required(site.production.live_revision, "the live revision")
    turns = [site, *(make_site(f"bench-tls-{number}", 1) for number in range(2, SITES_IN_TURN + 1))]
    for other in turns[1:]:
        other.set_up_production()
    for count in (FEW, plan.certificates):
        say(f"Delivering {plan.deliveries} certificates one by one among {count:,}")
        configure(site.subscription, revision, upto=count - 2 + len(turns))
        wait_until_routed(Site.objects.count())
        bare = HostName.objects.filter(
            kind=HostNameKind.DEFAULT, certificate=None, slot__site__name__startswith="configured-"
        )
        certificates.furnish(list(bare.values_list("name", flat=True)))
        certificates.wait_until_held(settings.TLS_PORT, HostName.objects.exclude(certificate=None))
        seconds[count] = certificates.deliveries(turns, settings.TLS_PORT, plan.deliveries)
    ratio = ratio_of_medians(seconds[plan.certificates], seconds[FEW], chance)
    is_full = plan.certificates >= MANY
    return {
        "cert_ratio_1000": round(ratio.value, 3) if is_full else None,
        "cert_ratio_1000_interval": [round(ratio.low, 3), round(ratio.high, 3)] if is_full else None,
        "cert_ratio": round(ratio.value, 3),
        "certificates": plan.certificates,
        "cert_ms_p50": {str(count): round(statistics.median(found) * 1000, 1) for count, found in seconds.items()},
    }


def _authority() -> str:
    return str(settings.TLS_DIR / CERTIFICATE)
