"""How a production slot's instance count is changed without anybody asking for it."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db import models

from sites.models.slot import Slot

SATURDAY = 5


class ScaleMetric(models.TextChoices):
    """What decides within minimum and maximum."""

    NONE = "none", "None"
    CPU = "cpu", "CPU"
    REQUESTS = "requests", "Requests"


class Times(models.TextChoices):
    """The times that can have a minimum and a maximum of their own."""

    ALWAYS = "always", "Always"
    DAY = "day", "Day"
    NIGHT = "night", "Night"
    WEEKEND = "weekend", "Weekend"


SCHEDULED = (Times.DAY, Times.NIGHT, Times.WEEKEND)


@dataclass(frozen=True, slots=True)
class CountRange:
    """The fewest and the most instances."""

    least: int
    most: int


class Autoscale(models.Model):
    """The rule of one slot. It belongs to the slot and does not travel with a swap."""

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, related_name="autoscale")
    is_on = models.BooleanField(default=False)
    metric = models.CharField(max_length=16, choices=ScaleMetric.choices, default=ScaleMetric.CPU)
    low = models.PositiveIntegerField(default=60)  # percent of the processor, or requests in flight per instance
    high = models.PositiveIntegerField(default=80)
    out_seconds = models.PositiveIntegerField(default=60)  # after a change, before instances are added
    in_seconds = models.PositiveIntegerField(default=300)  # after a change, before instances are taken away
    is_scheduled = models.BooleanField(default=False)
    time_zone = models.CharField(max_length=64, default="UTC")
    day_begins = models.TimeField(default=time(8))
    day_ends = models.TimeField(default=time(20))
    ranges = models.JSONField(default=dict)  # name of the times → [fewest, most]
    changed_at = models.DateTimeField(null=True)  # when it last began or ended a change
    note = models.CharField(max_length=300, blank=True)  # why the last decision could not be carried out

    def __str__(self) -> str:
        return f"autoscale of {self.slot}"

    def range_of(self, times: str) -> CountRange:
        """Minimum and maximum of those times."""
        least, most = self.ranges.get(times) or self.ranges.get(Times.ALWAYS) or (1, 1)
        return CountRange(least, most)

    def times_at(self, moment: datetime) -> Times:
        """Which times it is: by the clock on the wall there, so that daylight saving moves no beginning."""
        if not self.is_scheduled:
            return Times.ALWAYS
        local = moment.astimezone(ZoneInfo(self.time_zone))
        if local.weekday() >= SATURDAY:
            return Times.WEEKEND
        clock, begins, ends = local.time(), self.day_begins, self.day_ends
        is_day = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
        return Times.DAY if is_day else Times.NIGHT
