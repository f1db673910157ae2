"""The figures of a span of time: how they are taken from counters, put together, and read.

Figures are a plain mapping that is kept as JSON and leaves out what is 0. `times` counts answers by the time that
they took: upper bound of a bucket in milliseconds, as the router names it → answers. So spans of any length can be put
together, which percentiles cannot.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]
CLASSES = ("2xx", "3xx", "4xx", "5xx")
CODES = ("401", "403", "404", "406")
SUMS = ("requests", *CLASSES, *CODES, "cpu_ms", "bytes_in", "bytes_out", "endpoint_1_failed", "endpoint_2_failed")
EDGES = (
    *(0, 0.5, 1, 5, 10, 25, 50, 100, 250, 500),
    *(1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000),
)
"""Bounds of the router's buckets in milliseconds."""
LEVELS = ("memory", "instances", "in_flight", "endpoint_1_ms", "endpoint_2_ms")
"""Of these a longer span has the highest."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of a chart."""

    name: str
    caption: str
    unit: str
    """Empty: a number."""
    is_total: bool = True
    """Whether its values add up to something."""


METRICS = (
    Metric("requests", "Requests", ""),
    Metric("cpu_ms", "CPU time", "ms"),
    Metric("bytes_in", "Data in", "bytes"),
    Metric("bytes_out", "Data out", "bytes"),
    Metric("2xx", "Http successes", ""),
    Metric("3xx", "Http redirects", ""),
    Metric("4xx", "Http client errors", ""),
    Metric("401", "Http 401 errors", ""),
    Metric("403", "Http 403 errors", ""),
    Metric("404", "Http 404 errors", ""),
    Metric("406", "Http 406 errors", ""),
    Metric("5xx", "Http server errors", ""),
    Metric("p50", "Response time, median", "ms", is_total=False),
    Metric("p95", "Response time, 95 %", "ms", is_total=False),
    Metric("p99", "Response time, 99 %", "ms", is_total=False),
    Metric("memory", "Memory", "bytes", is_total=False),
    Metric("instances", "Instances", "", is_total=False),
    Metric("endpoint_1_ms", "Web endpoint 1, response time", "ms", is_total=False),
    Metric("endpoint_1_failed", "Web endpoint 1, failed checks", ""),
    Metric("endpoint_2_ms", "Web endpoint 2, response time", "ms", is_total=False),
    Metric("endpoint_2_failed", "Web endpoint 2, failed checks", ""),
)


def of_codes(codes: Mapping[str, int]) -> Figures:
    """Requests by class and by the single codes that are shown."""
    found: Counter[str] = Counter()
    for code, count in codes.items():
        found["requests"] += count
        found[f"{code[0]}xx"] += count
        if code in CODES:
            found[code] += count
    return {name: found[name] for name in ("requests", *CLASSES, *CODES) if found[name]}


def together(spans: Iterable[Figures]) -> Figures:
    """The figures of a longer span."""
    result: Figures = {}
    times: Counter[str] = Counter()
    for span in spans:
        for name in SUMS:
            if name in span:
                result[name] = result.get(name, 0) + span[name]
        for name in LEVELS:
            if name in span:
                result[name] = max(result.get(name, 0), span[name])
        times.update(span.get("times", {}))
    return result | ({"times": dict(times)} if times else {})


def value_of(figures: Figures, name: str) -> float | None:
    """A metric of these figures; None for a response time without an answer, or a level that nobody has measured."""
    if name.startswith("p"):
        return percentile(figures.get("times", {}), int(name[1:]) / 100)
    return figures.get(name) if name in LEVELS else figures.get(name, 0)


def percentile(times: Mapping[str, int], share: float) -> float | None:
    """Milliseconds within which that share of the answers came, interpolated within their bucket."""
    buckets = sorted((float("inf") if bound == "+Inf" else float(bound), count) for bound, count in times.items())
    total = sum(count for _, count in buckets)
    if not total:
        return None
    wanted, before, passed = share * total, 0.0, 0
    for bound, count in buckets:
        lower = max((edge for edge in EDGES if edge < bound), default=0.0)
        before = max(before, lower)
        if passed + count >= wanted:
            return before if bound == float("inf") else before + (bound - before) * (wanted - passed) / count
        passed += count
        before = bound
    return before


def grown(former: Mapping[str, int], present: Mapping[str, int]) -> dict[str, int]:
    """By how much each counter has grown; one that is smaller than before has begun anew."""
    found = {}
    for name, count in present.items():
        before = former.get(name, 0)
        if growth := count - before if count >= before else count:
            found[name] = growth
    return found
