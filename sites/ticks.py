"""The scheduler runs the tick itself: no operation in a queue can keep it waiting."""

import logging

from celery.beat import ScheduleEntry
from django.db import close_old_connections
from kombu.exceptions import OperationalError as BrokerLost

from sites import tasks
from sites.jobs.scheduling import Schedule
from sites.supervisor.reporting_scheduler import ReportingScheduler

logger = logging.getLogger(__name__)


class TickScheduler(ReportingScheduler):
    """Of `celery beat`; its schedule has nothing but the tick."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._jobs = Schedule()

    def apply_entry(self, entry: ScheduleEntry, producer: object = None) -> None:
        """Look once; whatever keeps it from looking, the next tick looks again."""
        close_old_connections()
        try:
            tasks.tick(self._jobs)
        except BrokerLost as lost:
            logger.warning("The queue does not answer: %s", lost)
        except Exception:
            logger.exception("A tick has failed:")
