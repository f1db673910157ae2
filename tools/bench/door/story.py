"""The measurement: a quiet span, the crowd, and another quiet span, while honest people go on asking."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from django.conf import settings

from sites.supervisor.records import read_record
from tools.bench.costs import Usage, busy_share, usage
from tools.bench.door.crowd import CROWD, FLOOD, Numbers
from tools.bench.door.escapes import try_to_escape
from tools.bench.door.siege import Siege
from tools.bench.door.stage import people, prepare
from tools.bench.door.watchers import Rates, Watch, Watchers
from tools.bench.open_loop import Sample
from tools.bench.report import Report, Target
from tools.prober.clock import now

KEYS = ("portal_p95_ratio", "healthz_ok", "site_failed", "escapes_tried", "escapes_succeeded")
TARGETS = {
    "portal_p95_ratio": Target(2.0),
    "healthz_ok": Target(1.0, is_minimum=True),
    "site_failed": Target(0),
    "escapes_succeeded": Target(0),
}
SETTLING_SECONDS = 3.0
SLOW = 3.0
"""So many times the p95 of the quiet spans."""

Say = Callable[[str], None]
Span = tuple[float, float]
"""Monotonic seconds."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    quiet_seconds: float = 30.0
    """Before the crowd, and as long after it."""
    crowd_seconds: float = 60.0
    flood_seconds: float = 30.0
    """The crowd stays meanwhile."""
    pipelines: int = 100
    upload_bytes: int = 511 * 1024**2
    crowd: Numbers = CROWD
    flood: Numbers = FLOOD
    rates: Rates = field(default_factory=Rates)


QUICK = Plan(
    quiet_seconds=5.0,
    crowd_seconds=12.0,
    pipelines=10,
    flood_seconds=6.0,
    upload_bytes=32 * 1024**2,
    crowd=Numbers(headers=5, bodies=10, publishing=5, publications=True, upload_seconds=8.0),
    flood=Numbers(readers=5, silent_uploads=2, idle=20, streams=10, resets=20, form_upload=True, upload_seconds=4.0),
)


def measure(say: Say, plan: Plan) -> Report:
    """Raises OperationFailed, PublishingRefused, TimeoutError."""
    say(f"Preparing a site, {plan.pipelines} slots to publish to and an upload of {plan.upload_bytes // 1024**2} MB")
    target = prepare(plan.pipelines, plan.upload_bytes)
    found: dict[str, object] = {"machine": _machine(), "machine_busy": round(busy_share(2.0), 3)}
    with Watchers(target, plan.rates) as watchers:
        time.sleep(SETTLING_SECONDS)
        say(f"{plan.quiet_seconds:g} quiet seconds")
        used = [usage()]
        before = _span(plan.quiet_seconds)
        used.append(usage())
        say(f"The crowd, for {plan.crowd_seconds:g} s")
        began = now()
        with Siege(target, plan.crowd) as siege:
            time.sleep(plan.crowd_seconds)
            crowded = (began, now())
            used.append(usage())
            say(f"The flood beside it, for {plan.flood_seconds:g} s")
            with Siege(target, plan.flood) as flood:
                flooded = _span(plan.flood_seconds)
                found |= _held_by_web()
        time.sleep(SETTLING_SECONDS)
        say(f"{plan.quiet_seconds:g} quiet seconds")
        after = _span(plan.quiet_seconds)
        found |= {f"{key}_after": value for key, value in _held_by_web().items()}
    both = (siege.seen, flood.seen)
    found["open_at_the_end"] = {kind: count for seen in both for kind, count in seen.open_at_the_end.items()}
    found["ended_before"] = {kind: ways for seen in both for kind, ways in seen.ended.items()}
    found |= figures(watchers.seen, [before, after], crowded, flooded) | _processor(used)
    say("Ways out of the sandbox")
    found |= try_to_escape(*people())
    return Report(found, KEYS, TARGETS)


def _span(seconds: float) -> Span:
    began = now()
    time.sleep(seconds)
    return began, now()


def figures(watch: Watch, quiet: Sequence[Span], crowded: Span, flooded: Span) -> dict[str, object]:
    """What honest people saw: in the quiet spans, while the crowd was there, and while the flood was there too."""
    samples = {
        (name, when): [one for span in spans for one in _within(seen, span)]
        for name, seen in watch.samples.items()
        for when, spans in (("quiet", quiet), ("crowd", [crowded]), ("flood", [flooded]))
    }
    p95 = {key: _p95(found) for key, found in samples.items()}
    asked = samples["health", "crowd"] + samples["health", "flood"]
    failed = [one for one in watch.records if one.trouble is not None]
    return {
        "portal_p95_ratio": round(p95["portal", "crowd"] / p95["portal", "quiet"], 3),
        "portal_p95_ratio_flood": round(p95["portal", "flood"] / p95["portal", "quiet"], 3),
        "healthz_ok": round(sum(one.is_right for one in asked) / len(asked), 4),
        "site_failed": sum(one.client.startswith("site") for one in failed),
        "portal_failed": sum(not one.is_right for when in ("crowd", "flood") for one in samples["portal", when]),
        "p95_ms": {f"{name}, {when}": round(value * 1000, 2) for (name, when), value in p95.items()},
        "slow_seconds": {name: _slow(samples[name, "crowd"], crowded[0], p95[name, "quiet"]) for name in watch.samples},
        "requests": {f"{name}, {when}": len(found) for (name, when), found in samples.items()},
        "failures": sorted({f"{one.client}: {one.trouble} {one.detail}"[:160] for one in failed})[:20],
    }


def _processor(used: Sequence[Usage]) -> dict[str, object]:
    """Share of one processor that each part took, without the crowd and with it."""
    return {
        f"processor_{when}": {name: round(spent / (late.at - early.at), 3) for name, spent in late.since(early).items()}
        for when, (early, late) in zip(("quiet", "crowd"), pairwise(used), strict=True)
    }


def _within(samples: Sequence[Sample], span: Span) -> list[Sample]:
    return [one for one in samples if span[0] <= one.due_at < span[1]]


def _p95(samples: Sequence[Sample]) -> float:
    """Seconds; a request that failed counts with the time that it took to fail."""
    rising = sorted(one.latency for one in samples)
    return rising[min(len(rising) - 1, int(len(rising) * 0.95))] if rising else 0.0


def _slow(samples: Sequence[Sample], began: float, quiet: float) -> list[int]:
    """The seconds since `began` in which a request was slow: all at the beginning, or all the time."""
    return sorted({int(one.due_at - began) for one in samples if one.latency > SLOW * quiet})


def _held_by_web() -> dict[str, object]:
    """Threads, descriptors and memory of the web server, and what lies in the folder of uploads."""
    record = read_record(settings.RUN_DIR, "web")
    folder = Path(f"/proc/{record.identity.pid}") if record else Path("/nonexistent")
    pss = next(line for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    return {
        "web_threads": len(list((folder / "task").iterdir())),
        "web_descriptors": len(os.listdir(folder / "fd")),
        "web_mb": round(int(pss.split()[1]) / 1024, 1),
        "uploads_mb": round(sum(one.stat().st_size for one in Path(settings.UPLOAD_DIR).iterdir()) / 1024**2, 1),
    }


def _machine() -> dict[str, object]:
    return {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
