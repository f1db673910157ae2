"""Alert rules, in the words in which people write them: '5xx above 20 for 5 min', 'crash_loop for 5 min'.

A rule looks at one measure of a slot: a figure of the last minute, or something that is so or not. It says above or
below which number that is a reason to tell somebody, and for how many minutes it has been so by then.
"""

import re
from dataclasses import dataclass

from sites.general_settings import ENDPOINTS
from sites.monitoring.figures import METRICS
from sites.plain_text import control_fault

PREFIX = "alert:"
"""Of the names of those settings of monitoring and diagnostics that are alert rules; the rest is the rule's name."""
MAX_RULES = 10
"""Of one slot."""
MAX_MINUTES = 60
LONGEST_NAME = 64
FACTORS = {
    "": {"": 1.0},
    "ms": {"": 1.0, "ms": 1.0, "s": 1e3, "min": 6e4},
    "bytes": {"": 1.0, "B": 1.0, "KB": 1024.0, "MB": 1024.0**2, "GB": 1024.0**3},
    "%": {"": 1.0, "%": 1.0},
    "minutes": {"": 1.0, "min": 1.0, "h": 60.0},
    "days": {"": 1.0, "days": 1.0},
}
"""Unit of a measure → what may stand behind a number, and what it multiplies it by."""
EXAMPLE = "5xx above 20 for 5 min"
_RULE = re.compile(
    r"(?P<measure>[a-z0-9_]+)"
    r"(?: (?P<side>above|below)(?P<threshold> .*?)??)?"
    r" for (?P<minutes>-?[0-9.,]+) ?min"
)
_THRESHOLD = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?) ?(?P<unit>[A-Za-z%]*)")
_NAME = re.compile(r"[^\s:/][^:/]*")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a rule can look at."""

    name: str
    caption: str
    unit: str = ""
    """One of FACTORS."""
    is_counted: bool = False
    """Whether its value is how many or how much there was within a minute."""
    so: str = ""
    """Of what is so or not, 1 or 0: how a sentence goes on when it is so; empty for what has a number."""
    not_so: str = ""


STATES = (
    Measure("crash_loop", "Crash loop", so="it was in a crash loop", not_so="it was in no crash loop"),
    Measure("swap_failed", "Failed swap", so="its last swap had failed", not_so="its last swap had not failed"),
    Measure("preview", "Wait of a swap with preview", "minutes"),
    Measure("certificate", "Time until a certificate ends", "days"),
    Measure("disk", "Share of their quota that persistent folders take", "%"),
    *(Measure(f"{name}_ms", f"Response time of web endpoint {name[-1]}", "ms") for name in ENDPOINTS),
    *(
        Measure(
            f"{name}_failed",
            f"Web endpoint {name[-1]} fails",
            so=f"its web endpoint {name[-1]} failed",
            not_so=f"its web endpoint {name[-1]} did not fail",
        )
        for name in ENDPOINTS
    ),
)
"""Beside the figures of the charts."""
MEASURES = {
    one.name: one
    for one in (*(Measure(metric.name, metric.caption, metric.unit, metric.is_total) for metric in METRICS), *STATES)
}
"""By their names."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule of a slot."""

    name: str
    text: str
    """As it is written."""
    measure: Measure
    is_above: bool
    number: float
    """As it is written, in `unit`."""
    unit: str
    """As it is written behind the number; empty: that of the measure."""
    minutes: int

    @property
    def factor(self) -> float:
        """What a number as it is written is multiplied by."""
        return FACTORS[self.measure.unit][self.unit]

    def is_met(self, value: float | None) -> bool:
        """Whether a value, in the unit of the measure, is one to tell of; what nobody has measured is not."""
        if value is None:
            return False
        threshold = self.number * self.factor
        return value > threshold if self.is_above else value < threshold

    def in_words(self, value: float) -> str:
        """A value with the unit of the rule: '2.1 s'."""
        number = f"{value / self.factor:,.2f}".rstrip("0").rstrip(".")
        return f"{number}{self.unit}" if self.unit in ("", "%") else f"{number} {self.unit}"

    @property
    def met(self) -> str:
        """A sentence without its end: 'Http server errors stayed above 20 a minute for 5 min'."""
        return f"{self.measure.so or f'{self.measure.caption} stayed {self._bound}'} for {self.minutes} min"

    @property
    def not_met(self) -> str:
        """The contrary."""
        did = "did not rise" if self.is_above else "did not fall"
        return f"{self.measure.not_so or f'{self.measure.caption} {did} {self._bound}'} for {self.minutes} min"

    @property
    def _bound(self) -> str:
        side = "above" if self.is_above else "below"
        said = self.in_words(self.number * self.factor)
        return f"{side} {said}{' a minute' if self.measure.is_counted else ''}"


def parse(name: str, text: str) -> AlertRule:
    """The rule of that name. Raises ValueError with the reason as half a sentence."""
    if not _NAME.fullmatch(name) or name != name.strip() or len(name) > LONGEST_NAME:
        raise ValueError(f"the name of an alert rule has 1 to {LONGEST_NAME} characters, and neither colon nor slash")
    if (fault := control_fault(name)) is not None:
        raise ValueError(fault)
    text = " ".join(text.split())
    found = _RULE.fullmatch(text)
    if found is None:
        raise ValueError(f"a rule is written as '{EXAMPLE}'")
    measure = MEASURES.get(found["measure"])
    if measure is None:
        raise ValueError(f"'{found['measure'][:40]}' is not measured; use one of {', '.join(MEASURES)}")
    if bool(measure.so) == bool(found["side"]):
        wanted = f"{measure.name} for 5 min" if measure.so else f"{measure.name} above 20 for 5 min"
        raise ValueError(f"a rule about {measure.name} is written as '{wanted}'")
    number, unit = _threshold(measure, found["side"], found["threshold"] or "") if found["side"] else (0.0, "")
    minutes = found["minutes"]
    if not (minutes.isdecimal() and len(minutes) < 3 and 1 <= int(minutes) <= MAX_MINUTES):
        raise ValueError(f"a rule looks at 1 to {MAX_MINUTES} minutes, all of them whole, and not at {minutes[:20]}")
    return AlertRule(name, text, measure, found["side"] != "below", number, unit, int(minutes))


def _threshold(measure: Measure, side: str, text: str) -> tuple[float, str]:
    """The number and the unit behind it. Raises ValueError as `parse`."""
    text = text.strip()
    if not text:
        raise ValueError(f"the threshold is missing: write a number behind '{side}', as in '{EXAMPLE}'")
    found = _THRESHOLD.fullmatch(text)
    if found is None:
        wanted = "write a number from 0 to 999,999,999 without a sign, with a point and at most 3 digits after it"
        raise ValueError(f"the threshold '{text[:20]}' cannot be read; {wanted}")
    unit = found["unit"]
    if unit not in FACTORS[measure.unit]:
        units = ", ".join(filter(None, FACTORS[measure.unit]))
        raise ValueError(f"'{unit[:20]}' cannot stand behind a number of {measure.name}; use {units or 'no unit'}")
    return float(found["number"]), unit


def fault_of(setting: str, text: str) -> str | None:
    """Why a setting of that name, which begins with PREFIX, cannot be taken; None when it can."""
    name = setting.removeprefix(PREFIX)
    if name in (".", ".."):
        return f"'{name}' cannot be the name of an alert rule, since no address can hold it"
    try:
        parse(name, text)
    except ValueError as reason:
        return str(reason)
    return None
