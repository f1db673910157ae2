"""What beat does for `up`: its scheduler says from its loop that it works, so that a beat that hangs falls silent."""

import time

from celery.beat import Scheduler

from sites.supervisor.ready_file import BEAT, INTERVAL_SECONDS, say_alive, say_ready


class ReportingScheduler(Scheduler):
    """Of `celery beat`."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._due_at = 0.0

    def tick(self, *args: object, **options: object) -> float:
        """One turn of the loop; there is at least one every second."""
        if not self._due_at:
            say_ready(BEAT)
        if time.monotonic() >= self._due_at:
            say_alive(BEAT)
            self._due_at = time.monotonic() + INTERVAL_SECONDS
        return float(super().tick(*args, **options))
