"""How many instances a slot should have, and why: the rule of autoscale, without a database or a clock."""

import math
from dataclasses import dataclass

from sites.models import ScaleMetric, Times

WHEN = {Times.ALWAYS: "", Times.DAY: " by day", Times.NIGHT: " at night", Times.WEEKEND: " at the weekend"}


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a slot, and what its rule says."""

    count: int
    least: int
    most: int
    times: Times
    metric: ScaleMetric
    low: int
    high: int
    value: float | None
    """Percent of the processor, or requests in flight per instance, on average; None: not known."""
    quiet_seconds: float
    """Since the last change."""
    out_seconds: float
    in_seconds: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Another count, and its reason as a sentence without its beginning and end."""

    count: int
    reason: str


def decide(now: Situation) -> Decision | None:
    """The count to change to; None: it stays.

    A count outside of minimum and maximum is corrected at once. Within them there are as many instances as bring the
    metric to the middle of its target, unless the last change is too recent or they would leave the target again.
    """
    when = WHEN[now.times]
    if now.count < now.least:
        return Decision(now.least, f"the minimum{when} is {now.least}")
    if now.count > now.most:
        return Decision(now.most, f"the maximum{when} is {now.most}")
    if now.metric == ScaleMetric.NONE or now.value is None:
        return None
    needed = max(1, math.ceil(now.count * now.value / ((now.low + now.high) / 2)))
    if now.value > now.high and now.count < now.most and now.quiet_seconds >= now.out_seconds:
        return Decision(min(now.most, max(now.count + 1, needed)), _reason(now, "above"))
    if now.value < now.low and now.count > now.least and now.quiet_seconds >= now.in_seconds:
        fewer = max(now.least, min(now.count - 1, needed))
        while fewer < now.count and now.count * now.value / fewer > now.high:
            fewer += 1
        return Decision(fewer, _reason(now, "below")) if fewer < now.count else None
    return None


def _reason(now: Situation, where: str) -> str:
    if now.metric == ScaleMetric.CPU:
        return f"the CPU was at {now.value:.0f} %, {where} the target of {now.low} to {now.high} %"
    found = f"there were {now.value:.1f} requests in flight per instance"
    return f"{found}, {where} the target of {now.low} to {now.high} requests"
