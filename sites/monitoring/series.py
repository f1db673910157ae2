"""The figures of a slot over a range of time, as points at equal distances, and the swaps within it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from sites.models import MetricSample, Slot, Swap
from sites.monitoring.figures import Figures, Metric, together, value_of


@dataclass(frozen=True, slots=True)
class Range:
    """What a chart shows."""

    name: str
    caption: str
    seconds: int
    step: int
    """Seconds between two points."""


RANGES = (
    Range("1h", "1 hour", 3600, 10),
    Range("24h", "24 hours", 86_400, 300),
    Range("7d", "7 days", 7 * 86_400, 3600),
    Range("90d", "90 days", 90 * 86_400, 6 * 3600),
)


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric over a whole range; None where nothing was measured."""

    least: float | None
    most: float | None
    average: float | None
    total: float | None
    """None for a metric whose values add up to nothing."""


@dataclass(frozen=True, slots=True)
class Series:
    """The figures of each point."""

    moments: list[datetime]
    points: list[Figures]

    def values(self, metric: Metric) -> list[float | None]:
        """Of each point."""
        return [value_of(point, metric.name) for point in self.points]

    def summary(self, metric: Metric) -> Summary:
        """Over all points."""
        known = [value for value in self.values(metric) if value is not None]
        if not known:
            return Summary(None, None, None, None)
        total = sum(known) if metric.is_total else None
        return Summary(min(known), max(known), sum(known) / len(known), total)


def series_of(slot: Slot, shown: Range, moment: datetime) -> Series:
    """The range that ends at `moment`; one query. Hours and minutes that are not complete come from their parts."""
    end = _floor(moment, shown.step)
    begin = end - timedelta(seconds=shown.seconds)
    parts = Q(seconds=10, began_at__gte=begin)
    if shown.step >= 60:
        minute = _floor(moment, 60)
        parts = Q(seconds=10, began_at__gte=minute) | Q(seconds=60, began_at__gte=begin, began_at__lt=minute)
    if shown.step >= 3600:
        hour = _floor(moment, 3600)
        parts = (
            Q(seconds=10, began_at__gte=minute)
            | Q(seconds=60, began_at__gte=hour, began_at__lt=minute)
            | Q(seconds=3600, began_at__gte=begin, began_at__lt=hour)
        )
    found: dict[datetime, list[Figures]] = defaultdict(list)
    rows = MetricSample.objects.filter(parts, slot=slot, began_at__lte=moment)
    for began_at, figures in rows.values_list("began_at", "figures"):
        found[_floor(began_at, shown.step)].append(figures)
    moments = [begin + timedelta(seconds=shown.step * number) for number in range(1, shown.seconds // shown.step + 1)]
    return Series(moments, [together(found.get(one, ())) for one in moments])


def swaps_of(slot: Slot, shown: Range, moment: datetime) -> list[Swap]:
    """The swaps of the slot within the range, the newest first."""
    since = moment - timedelta(seconds=shown.seconds)
    own = Q(source=slot) | Q(target=slot)
    return list(Swap.objects.filter(own, switched_at__gte=since).select_related("operation").order_by("-switched_at"))


def _floor(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)
