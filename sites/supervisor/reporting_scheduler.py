"""What beat does for `up`: its scheduler says from its loop that it works, so that a beat that hangs falls silent."""

import time

from celery.beat import Scheduler

from sites.supervisor.ready_file import BEAT, INTERVAL_SECONDS, say_alive, say_ready

AFTER_SECONDS = 0.001
"""So long after the moment at which a task is due it is looked at."""


class ReportingScheduler(Scheduler):
    """Of `celery beat`."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._due_at = 0.0

    def adjust(self, n: float | None, drift: float = AFTER_SECONDS) -> float | None:
        """Seconds until the next turn of the loop: Celery wakes 10 ms early and then asks without pause."""
        return super().adjust(n, drift)

    def tick(self, *args: object, **options: object) -> float:
        """One turn of the loop; there is at least one every second."""
        if not self._due_at:
            say_ready(BEAT)
        if time.monotonic() >= self._due_at:
            say_alive(BEAT)
            self._due_at = time.monotonic() + INTERVAL_SECONDS
        return float(super().tick(*args, **options))
