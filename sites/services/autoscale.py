"""Autoscale of a production slot: read, checked and saved."""

from dataclasses import dataclass, field
from datetime import time
from zoneinfo import available_timezones

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.counted import counted
from sites.errors import AutoscaleRefused
from sites.models import SCHEDULED, Autoscale, CountRange, Mode, Operation, ScaleMetric, Slot, Times
from sites.operations.kinds import names_where
from sites.operations.kinds.recorded import AUTOSCALE_RULE

MOST_SECONDS = 86_400
"""Of a time after a change."""
MOST_OF = {ScaleMetric.NONE: 100, ScaleMetric.CPU: 100, ScaleMetric.REQUESTS: 10_000}
"""Of a target."""
SHOWN = 10
"""Decisions on the Scale tab."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is in force or asked for; `sites.models.autoscale` says what each means."""

    is_on: bool = False
    metric: str = ScaleMetric.CPU
    low: int = 60
    high: int = 80
    out_seconds: int = 60
    in_seconds: int = 300
    is_scheduled: bool = False
    time_zone: str = "UTC"
    day_begins: time = time(8)
    day_ends: time = time(20)
    ranges: dict[str, CountRange] = field(default_factory=dict)
    """By name of the times; those that are left out are as always."""


def read_rule(slot: Slot) -> Rule:
    """The rule of a slot; one that is off where none was saved, with its present count as the minimum."""
    row = Autoscale.objects.filter(slot=slot).first()
    if row is None:
        most = min(slot.site.max_instances, max(3, slot.instance_count))
        return Rule(ranges={str(times): CountRange(min(slot.instance_count, most), most) for times in Times})
    same = (*_COLUMNS, "time_zone")
    return Rule(
        **{name: getattr(row, name) for name in same}, ranges={str(times): row.range_of(times) for times in Times}
    )


_COLUMNS = (
    *("is_on", "metric", "low", "high", "out_seconds", "in_seconds"),
    *("is_scheduled", "day_begins", "day_ends"),
)


def why_no_autoscale(slot: Slot) -> str:
    """The sentence of a slot that has no autoscale; empty for one that has."""
    if not slot.is_production:
        return "AutoScale is not available for non-production slots."
    mode = Mode(slot.site.mode)
    if not mode.limits.has_autoscale:
        return f"AutoScale is not available in {mode.label} mode. A rule that was saved is in force again in Standard."
    return ""


def save_rule(*, acting_user: User, slot: Slot, rule: Rule) -> Operation:
    """Let the count of a production slot follow `rule`, or leave it to people. Raises AutoscaleRefused."""
    slot = access.slot_for_change(acting_user, slot)
    if why := why_no_autoscale(slot):
        raise AutoscaleRefused(name=slot.title, reason=why.rstrip("."), remedy="Change the instance count instead.")
    check_rule(slot, rule)
    ranges = {name: [one.least, one.most] for name, one in rule.ranges.items()}
    values = {name: getattr(rule, name) for name in (*_COLUMNS, "time_zone")}
    with transaction.atomic():
        Autoscale.objects.update_or_create(slot=slot, defaults={**values, "ranges": ranges, "note": ""})
        return AUTOSCALE_RULE.record(
            acting_user=acting_user,
            actor_name=acting_user.get_username(),
            site=slot.site,
            target=slot.title,
            outcome=f"Autoscale of '{slot.title}' is {in_words(rule)}.",
        )


def check_rule(slot: Slot, rule: Rule) -> None:
    """Raises AutoscaleRefused for the first thing of a rule that cannot be."""
    for reason, remedy in _faults(slot, rule):
        raise AutoscaleRefused(name=slot.title, reason=reason, remedy=remedy)


def faults_of(slot: Slot, rule: Rule) -> list[str]:
    """All that is wrong with a rule, each as a sentence with what to do."""
    return [f"{reason[0].upper()}{reason[1:]}. {remedy}" for reason, remedy in _faults(slot, rule)]


def _faults(slot: Slot, rule: Rule) -> list[tuple[str, str]]:
    found = []
    most = slot.site.max_instances
    if rule.metric not in ScaleMetric.values:
        found.append((f"'{rule.metric[:20]}' is no metric", f"Choose one of {', '.join(ScaleMetric.values)}."))
    for name, one in rule.ranges.items():
        if name not in Times.values:
            found.append((f"'{name[:20]}' are no times", f"Use {', '.join(Times.values)}."))
        elif not 1 <= one.least <= one.most <= most:
            found.append(
                (
                    f"from {one.least} to {one.most} instances ({Times(name).label.lower()}) is not possible",
                    f"Choose a minimum that is not above the maximum, both from 1 to {most}.",
                )
            )
    needed = SCHEDULED if rule.is_scheduled else (Times.ALWAYS,)
    if Times.ALWAYS not in rule.ranges and any(times not in rule.ranges for times in needed):
        found.append(("it does not say how many instances there may be", "Give a range of instances for all times."))
    limit = MOST_OF.get(ScaleMetric(rule.metric), 100) if rule.metric in ScaleMetric.values else 100
    if not 1 <= rule.low < rule.high <= limit:
        found.append(
            (
                f"the target of {rule.low} to {rule.high} is not possible",
                f"Choose a lower end below the upper end, both from 1 to {limit:,}.",
            )
        )
    for seconds in (rule.out_seconds, rule.in_seconds):
        if not 0 <= seconds <= MOST_SECONDS:
            found.append((f"{seconds} s after a change is not possible", f"Choose 0 to {MOST_SECONDS:,} s."))
    if rule.time_zone not in available_timezones():
        found.append(
            (f"'{rule.time_zone[:40]}' is no time zone", "Use a name like Europe/Berlin, America/New_York or UTC.")
        )
    if rule.day_begins == rule.day_ends:
        found.append(("the day begins when it ends", "Choose two times, or switch the schedule off."))
    return found


def in_words(rule: Rule) -> str:
    """A rule as the rest of a sentence."""
    if not rule.is_on:
        return "off; the instance count stays as it is"
    shown = SCHEDULED if rule.is_scheduled else (Times.ALWAYS,)
    ranges = (f"{_when(times)}{_range(rule, times)}" for times in shown)
    by = {
        ScaleMetric.NONE: "",
        ScaleMetric.CPU: f", by CPU with a target of {rule.low} to {rule.high} %",
        ScaleMetric.REQUESTS: f", by requests in flight with a target of {rule.low} to {rule.high} per instance",
    }[ScaleMetric(rule.metric)]
    zone = f" ({rule.time_zone})" if rule.is_scheduled else ""
    return f"on: {', '.join(ranges)}{zone}{by}"


def _range(rule: Rule, times: Times) -> str:
    one = rule.ranges.get(times) or rule.ranges.get(Times.ALWAYS) or CountRange(1, 1)
    most = counted(one.most, "instance")
    return most if one.least == one.most else f"{one.least} to {most}"


def _when(times: Times) -> str:
    return {Times.ALWAYS: "", Times.DAY: "by day ", Times.NIGHT: "at night ", Times.WEEKEND: "at the weekend "}[times]


def decisions_of(slot: Slot) -> list[Operation]:
    """The last decisions of a slot's rule, the newest first."""
    own = Operation.objects.filter(kind__in=names_where(lambda kind: kind.gives_way), changes__slot=slot)
    return list(own.order_by("-created_at")[:SHOWN])


def note_of(slot: Slot) -> str:
    """Why the last decision could not be carried out; empty otherwise."""
    return Autoscale.objects.filter(slot=slot).values_list("note", flat=True).first() or ""
