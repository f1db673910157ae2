"""The report of `./greenroom bench control-plane`: its keys, and what each should be."""

import statistics

from tools.bench.control_plane.lifetime import Check, Lifetime
from tools.bench.report import Report, Target

KEYS = (
    "pss_mb",
    "python_processes",
    "start_ratio",
    "stop_seconds",
    "swap_cpu_ratio",
    "idle_cpu_ms_per_second.10",
    "idle_cpu_ms_per_second.1000",
    "queries_swap_post",
    "queries_swap_job",
    "queries_dashboard",
)
TARGETS = {
    "pss_mb": Target(400.0),
    "start_ratio": Target(2.5),
    "stop_seconds": Target(3.0),
    "swap_cpu_ratio": Target(0.05),
    "idle_cpu_ms_per_second.10": Target(20.0),
    "idle_cpu_ms_per_second.1000": Target(30.0),
    "queries_swap_post": Target(15),
    "queries_dashboard": Target(20),
}


def put_together(figures: dict[str, object], lifetime: Lifetime, check: Check) -> Report:
    """The report. `figures` were measured inside; times become comparable by the time of one `manage.py check`."""
    swap_seconds = float(figures["swap_cpu_ms"]) / 1000  # type: ignore[arg-type]
    start, stop = statistics.median(lifetime.starts), statistics.median(lifetime.stops)
    added = {
        "start_ratio": round(start / check.seconds, 2),
        "start_seconds": round(start, 2),
        "stop_seconds": round(stop, 2),
        "swap_cpu_ratio": round(swap_seconds / check.cpu_seconds, 3),
        "check_seconds": round(check.seconds, 2),
        "check_cpu_seconds": round(check.cpu_seconds, 2),
    }
    return Report({**figures, **added}, KEYS, TARGETS)
