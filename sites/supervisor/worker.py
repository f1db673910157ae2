"""What a worker does for `up`: it reports, and ends when a task outlasts its limit; loaded with `celery --include`."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

import redis
from celery import Task
from celery.signals import task_postrun, task_prerun, worker_ready

from sites.supervisor.heartbeat import EXPIRES_SECONDS, heartbeat_key, redis_client
from sites.supervisor.ready_file import INTERVAL_SECONDS, say_alive, say_ready

logger = logging.getLogger(__name__)


class TimeLimits:
    """Tasks that run here, each with the moment at which it has taken too long."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def begin(self, task: Task, task_id: str) -> None:
        """The task has begun. Its own limit counts, else that of all tasks."""
        own, _ = task.request.timelimit or (None, None)
        limit = own or task.app.conf.task_time_limit
        if limit:
            with self._lock:
                self._ends[task_id] = (self._clock() + limit, task.name)

    def end(self, task_id: str) -> None:
        """The task has ended."""
        with self._lock:
            self._ends.pop(task_id, None)

    def overdue(self) -> list[str]:
        """Names of the tasks that have taken too long."""
        moment = self._clock()
        with self._lock:
            return [name for ends_at, name in self._ends.values() if ends_at <= moment]


limits = TimeLimits()


@task_prerun.connect
def note_begin(task_id: str, task: Task, **_: object) -> None:
    """Threads cannot be killed, so each task is watched from outside."""
    limits.begin(task, task_id)


@task_postrun.connect
def note_end(task_id: str, **_: object) -> None:
    """See note_begin."""
    limits.end(task_id)


@worker_ready.connect
def report_regularly(sender: object, **_: object) -> None:
    """Report now and every three seconds from the worker's own loop, so that a worker that hangs falls silent."""
    queue = str(sender.hostname).partition("@")[0]  # type: ignore[attr-defined]
    client = redis_client()
    part = f"worker-{queue}"

    def report() -> None:
        if overdue := limits.overdue():
            logger.error("Ended, because this has taken too long: %s. Another worker goes on.", ", ".join(overdue))
            os.kill(os.getpid(), signal.SIGKILL)
        say_alive(part)
        try:
            client.set(heartbeat_key(queue), os.getpid(), ex=EXPIRES_SECONDS)
        except redis.RedisError as error:
            logger.warning("The worker could not report: %s", error)

    say_ready(part)
    report()
    sender.timer.call_repeatedly(INTERVAL_SECONDS, report)  # type: ignore[attr-defined]
