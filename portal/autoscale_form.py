"""The fields of autoscale on the Scale tab: what is saved, what is chosen, and what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms

from sites.errors import Fault
from sites.models import CountRange, ScaleMetric, Slot, Times
from sites.services.autoscale import Rule, faults_of

PREFIX = "auto"
SCHEDULES = (("none", "No scheduled times"), ("times", "Day, night, weekend"))
CAPTIONS = {Times.ALWAYS: "always", Times.DAY: "by day", Times.NIGHT: "at night", Times.WEEKEND: "at the weekend"}
CAPTION = {
    "metric": "Scale by metric",
    "low": "Lower end of the target",
    "high": "Upper end of the target",
    "out_seconds": "Seconds before instances are added",
    "in_seconds": "Seconds before instances are taken away",
    "schedule": "Scale settings for schedule",
    "time_zone": "Time zone",
    "day_begins": "Beginning of the day",
    "day_ends": "End of the day",
    **{f"least_{times}": f"Fewest instances {caption}" for times, caption in CAPTIONS.items()},
    **{f"most_{times}": f"Most instances {caption}" for times, caption in CAPTIONS.items()},
}
"""What each field is called on the page."""
MOST = 100_000
WRONG = "it needs another value, as the field shows"


def _number() -> forms.IntegerField:
    return forms.IntegerField(min_value=0, max_value=MOST)


class AutoscaleForm(forms.Form):
    """As it is sent. Ranges are a pair of numbers for each of the times."""

    metric = forms.ChoiceField(choices=ScaleMetric.choices)
    low = _number()
    high = _number()
    out_seconds = _number()
    in_seconds = _number()
    schedule = forms.ChoiceField(choices=SCHEDULES)
    time_zone = forms.CharField(max_length=64)
    day_begins = forms.TimeField()
    day_ends = forms.TimeField()

    def __init__(self, data: Mapping[str, str]) -> None:
        super().__init__(data, prefix=PREFIX)
        for times in Times:
            for end in ("least", "most"):
                self.fields[f"{end}_{times}"] = _number()

    def rule(self) -> Rule:
        """The rule that was sent, of a form that is valid."""
        sent = self.cleaned_data
        same = ("metric", "low", "high", "out_seconds", "in_seconds", "time_zone", "day_begins", "day_ends")
        is_scheduled = sent["schedule"] != "none"
        return Rule(
            **{name: sent[name] for name in same},
            is_on=is_scheduled or sent["metric"] != ScaleMetric.NONE,
            is_scheduled=is_scheduled,
            ranges={str(times): CountRange(sent[f"least_{times}"], sent[f"most_{times}"]) for times in Times},
        )

    def faults(self, slot: Slot) -> list[Fault]:
        """All that is wrong with what was sent."""
        unreadable = [Fault((name,), CAPTION[name], WRONG) for name in self.fields if name in self.errors]
        return unreadable or [Fault((PREFIX,), "Autoscale", sentence) for sentence in faults_of(slot, self.rule())]


@dataclass(frozen=True)
class Value:
    """One field."""

    name: str
    saved: str
    chosen: str

    @property
    def is_changed(self) -> bool:
        """Whether it is not saved yet."""
        return self.saved != self.chosen


@dataclass(frozen=True)
class RangeRow:
    """Minimum and maximum of some times."""

    times: Times
    caption: str
    least: Value
    most: Value

    @property
    def is_changed(self) -> bool:
        """Whether one of both is not saved yet."""
        return self.least.is_changed or self.most.is_changed


@dataclass(frozen=True)
class AutoscaleChoice:
    """All fields by name, and the rows of ranges."""

    fields: dict[str, Value]
    rows: list[RangeRow]
    metrics: tuple[tuple[str, str], ...] = tuple(ScaleMetric.choices)
    schedules: tuple[tuple[str, str], ...] = SCHEDULES


def read_choice(saved: Rule, query: Mapping[str, str]) -> AutoscaleChoice:
    """What `query` chooses; what it leaves out is as saved. Nothing of it is judged here."""
    values = values_of(saved)
    known = {"metric": ScaleMetric.values, "schedule": [key for key, _ in SCHEDULES]}
    fields = {}
    for name, text in values.items():
        chosen = query.get(f"{PREFIX}-{name}", text)[:64]
        fields[name] = Value(f"{PREFIX}-{name}", text, chosen if chosen in known.get(name, [chosen]) else text)
    rows = [RangeRow(times, CAPTIONS[times], fields[f"least_{times}"], fields[f"most_{times}"]) for times in Times]
    return AutoscaleChoice(fields, rows)


def values_of(rule: Rule) -> dict[str, str]:
    """The fields of a rule, as a page has them."""
    same = ("low", "high", "out_seconds", "in_seconds", "time_zone")
    values = {name: str(getattr(rule, name)) for name in same}
    values["metric"] = rule.metric if rule.is_on else ScaleMetric.NONE.value
    values["schedule"] = "times" if rule.is_on and rule.is_scheduled else "none"
    values |= {"day_begins": f"{rule.day_begins:%H:%M}", "day_ends": f"{rule.day_ends:%H:%M}"}
    for times in Times:
        one = rule.ranges.get(times) or rule.ranges.get(Times.ALWAYS) or CountRange(1, 1)
        values |= {f"least_{times}": str(one.least), f"most_{times}": str(one.most)}
    return values


def is_changed(slot_rule: Rule, sent: Mapping[str, str]) -> bool:
    """Whether something was sent that is not saved yet."""
    return any(value.is_changed for value in read_choice(slot_rule, sent).fields.values())
