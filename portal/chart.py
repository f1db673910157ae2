"""The chart of a slot's figures: what was chosen, the table that says the same, and the data that the script draws."""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from sites.models import Slot
from sites.monitoring.figures import METRICS, Metric
from sites.monitoring.series import RANGES, Range, Series, Summary, series_of, swaps_of

CHOSEN = ("cpu_ms", "bytes_in", "bytes_out", "5xx", "requests")
"""What is shown where nobody has chosen."""
COLOURS = (
    *("#7c4b75", "#4a63bd", "#2f7f7a", "#96650f", "#8a5f86", "#3f7d20", "#b0413e", "#1d7bb0", "#6b5b95"),
    *("#a0522d", "#00695c", "#5d4037", "#455a64", "#880e4f", "#1a237e", "#33691e", "#4e342e"),
    *("#006064", "#bf360c", "#4a148c", "#827717"),
)
"""One for each metric; white text on each has 4.5 : 1."""
SCALES = (("relative", "Relative"), ("absolute", "Absolute"))


@dataclass(frozen=True)
class Line:
    """One metric of the chart, and its row in the table."""

    metric: Metric
    colour: str
    is_chosen: bool
    summary: Summary

    @property
    def cells(self) -> list[str]:
        """MIN, MAX, AVG and TOTAL."""
        found = self.summary
        return [in_unit(value, self.metric.unit) for value in (found.least, found.most, found.average, found.total)]


class Chart:
    """What a request asks to see of a slot."""

    def __init__(self, request: HttpRequest, slot: Slot) -> None:
        self._asked = request.GET
        self.slot = slot
        self._moment = timezone.now()

    @cached_property
    def range(self) -> Range:
        """24 hours unless another one was chosen."""
        return next((one for one in RANGES if one.name == self._asked.get("range")), RANGES[1])

    @property
    def ranges(self) -> tuple[Range, ...]:
        """What can be chosen."""
        return RANGES

    @cached_property
    def scale(self) -> str:
        """Relative: each line by its own highest value; absolute: lines of one unit by a common one."""
        asked = self._asked.get("scale", "")
        return asked if asked == "absolute" else "relative"

    @property
    def scales(self) -> tuple[tuple[str, str], ...]:
        """What can be chosen."""
        return SCALES

    @cached_property
    def chosen(self) -> tuple[str, ...]:
        """Names of the metrics, in the order of all."""
        asked = self._asked.getlist("metric")
        return tuple(metric.name for metric in METRICS if metric.name in asked) or CHOSEN

    @cached_property
    def series(self) -> Series:
        """The figures; one query."""
        return series_of(self.slot, self.range, self._moment)

    @cached_property
    def lines(self) -> list[Line]:
        """All metrics, the chosen ones first."""
        lines = [
            Line(metric, colour, metric.name in self.chosen, self.series.summary(metric))
            for metric, colour in zip(METRICS, COLOURS, strict=True)
        ]
        return sorted(lines, key=lambda line: not line.is_chosen)

    @property
    def shown(self) -> list[Line]:
        """The chosen ones."""
        return [line for line in self.lines if line.is_chosen]

    @property
    def has_figures(self) -> bool:
        """Whether anything was measured in the range."""
        return any(self.series.points)

    @cached_property
    def swaps(self) -> list[dict[str, object]]:
        """Each swap in the range: when, in words, and where it is told."""
        return [
            {
                "at": swap.switched_at,
                "sentence": swap.operation.outcome.partition("\n")[0] or str(swap.operation),
                "address": reverse("operation", args=[swap.operation.public_id]),
            }
            for swap in swaps_of(self.slot, self.range, self._moment)
        ]

    @property
    def rows(self) -> list[tuple[object, list[str]]]:
        """Each point with the values of the chosen metrics, the newest first; only points that have figures."""
        columns = [self.series.values(line.metric) for line in self.shown]
        units = [line.metric.unit for line in self.shown]
        values = list(zip(*columns, strict=True))
        return [
            (moment, [in_unit(value, unit) for value, unit in zip(values[number], units, strict=True)])
            for number, moment in reversed(list(enumerate(self.series.moments)))
            if self.series.points[number]
        ]

    @property
    def data(self) -> dict[str, object]:
        """For the script that draws it."""
        return {
            "times": [int(moment.timestamp()) for moment in self.series.moments],
            "scale": self.scale,
            "lines": [
                {
                    "caption": line.metric.caption,
                    "unit": line.metric.unit,
                    "colour": line.colour,
                    "values": [None if value is None else round(value, 2) for value in self.series.values(line.metric)],
                }
                for line in self.shown
            ],
            "swaps": [
                {"at": swap["at"].timestamp(), "sentence": swap["sentence"], "address": swap["address"]}  # type: ignore[attr-defined]
                for swap in self.swaps
            ],
        }

    @property
    def query(self) -> str:
        """The same again, as a part of an address."""
        return urlencode({"range": self.range.name, "scale": self.scale, "metric": self.chosen}, doseq=True)


def in_unit(value: float | None, unit: str) -> str:
    """10.49 KB, 557.64 ms, 2.07 s, 1,234; a dash for nothing."""
    if value is None:
        return "–"
    if unit == "bytes":
        for name in ("B", "KB", "MB", "GB"):
            if value < 1024:
                return f"{_number(value)} {name}"
            value /= 1024
        return f"{_number(value)} TB"
    if unit == "ms":
        return f"{_number(value)} ms" if value < 1000 else f"{_number(value / 1000)} s"
    return _number(value)


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")
