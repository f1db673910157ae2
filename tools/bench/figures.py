"""From what was seen during swaps to the figures of the report."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tools.bench import windows
from tools.bench.swapping import Swaps, beginnings
from tools.bench.switches import first_new, last_old_ms, mixture
from tools.prober.analysis import Expectation, Findings, analyse, combine


@dataclass(frozen=True, slots=True)
class Load:
    """Swaps with what must have held during them."""

    swaps: Swaps
    expectation: Expectation


def correctness(loads: Sequence[Load]) -> dict[str, object]:
    """What must be 0, of all loads together."""
    findings = [analyse(one.swaps.visit.records, one.expectation) for one in loads]
    found: Findings = combine(findings)
    mixtures = [mixture(one.swaps.moments, one.swaps.visit.records) for one in loads]
    by_name = sum(one.requests for one in mixtures)
    retried = [one.swaps.retried for one in loads]
    return {
        "swaps": sum(len(one.swaps.moments) for one in loads),
        "requests": found.requests,
        "failed": found.failed + found.stale_after_swap,
        "mixups": found.mixups + by_name,
        "went_back": found.went_back,
        "mixups_of_settings": found.mixups,
        "mixups_of_host_names": by_name,
        "inversions": sum(one.inversions for one in mixtures),
        "largest_inversion_ms": max((one.largest_inversion_ms for one in mixtures), default=0.0),
        "stale_after_swap": found.stale_after_swap,
        "stale_after_ack": found.stale_after_ack,
        "reopened": found.reopened,
        "retried": None if None in retried else sum(retried),  # type: ignore[arg-type]
        "failures": dict(found.failures),
        "requests_by_kind": dict(found.by_kind),
    }


def speed(swaps: Swaps, host: str, chance: random.Random) -> dict[str, object]:
    """How long a swap takes, and what visitors feel of it. `host` is production's."""
    visit = swaps.visit
    around = windows.cut(visit.samples, beginnings(swaps.moments))
    control = windows.cut(visit.samples, windows.control_beginnings(swaps.quiet, len(swaps.moments), chance))
    switch_ms = sorted(last_old_ms(swaps.moments, visit.records))
    tails = windows.ratio(around, control, chance)
    steady = statistics.median(latency for window in control for latency in window.latencies)
    first = statistics.median(first_new(swaps.moments, visit.samples, host))
    return {
        "swap_seconds_p50": round(statistics.median(swaps.seconds), 3),
        "swap_seconds_p99": round(_share(sorted(swaps.seconds), 0.99), 3),
        "switch_ms_p50": round(statistics.median(switch_ms), 2),
        "switch_ms_p99": round(_share(switch_ms, 0.99), 2),
        "throughput_ratio": round(windows.throughput(around) / windows.throughput(control), 4),
        "completed_of_offered": round(windows.throughput(around), 4),
        "p99_ratio": round(tails.value, 3),
        "p99_ratio_interval": [round(tails.low, 3), round(tails.high, 3)],
        "p99_ms_around": round(windows.tail(around) * 1000, 2),
        "p99_ms_control": round(windows.tail(control) * 1000, 2),
        "p50_ms_control": round(steady * 1000, 2),
        "first_request_ratio": round(first / steady, 2),
        "step_ms_p50": {name: round(statistics.median(spent) * 1000, 1) for name, spent in swaps.steps.items()},
    }


def _share(rising: Sequence[float], share: float) -> float:
    return rising[min(len(rising) - 1, int(share * len(rising)))]
