"""Which repeated jobs are due."""

import time
from datetime import timedelta

from sites.models import PeriodicJob
from sites.models.clock import now


class Schedule:
    """Asks the database only about jobs that can be due by what it has read: the tick asks every second."""

    def __init__(self) -> None:
        self._sleeps_until: dict[str, float] = {}
        """Job → moment of the monotonic clock, which nobody sets back."""

    def is_due(self, name: str, *, seconds: float) -> bool:
        """Whether a job that repeats after `seconds` is due; true for one caller only, who must run it."""
        if time.monotonic() < self._sleeps_until.get(name, 0.0):
            return False
        moment = now()
        next_due = moment + timedelta(seconds=seconds * 0.9)
        is_mine = PeriodicJob.objects.filter(name=name, due_at__lte=moment).update(due_at=next_due) == 1
        if not is_mine:
            job, is_mine = PeriodicJob.objects.get_or_create(name=name, defaults={"due_at": next_due})
            next_due = job.due_at
        self._sleeps_until[name] = time.monotonic() + min(seconds, (next_due - moment).total_seconds())
        return is_mine
