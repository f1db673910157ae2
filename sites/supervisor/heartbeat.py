"""The sign of life of the workers and of beat in Redis; loaded by the workers with `celery worker --include`."""

import logging
import os
import time

import redis
from celery.beat import Scheduler
from celery.signals import worker_ready
from django.conf import settings

INTERVAL_SECONDS = 3.0
EXPIRES_SECONDS = 15
BEAT = "beat"

logger = logging.getLogger(__name__)


def redis_client(*, timeout: float = 1.0) -> redis.Redis:
    """A client of the broker that Celery uses."""
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, decode_responses=True)


def heartbeat_key(name: str) -> str:
    """Where the worker of a queue reports, or beat."""
    return f"greenroom:worker:{name}"


def reported_pid(client: redis.Redis, name: str) -> int | None:
    """Process id of the worker of the queue `name`, or of beat, if it has reported within the last 15 s."""
    value = client.get(heartbeat_key(name))
    return int(str(value)) if value else None


def report(client: redis.Redis, name: str) -> None:
    """This process lives; without Redis nobody hears it."""
    try:
        client.set(heartbeat_key(name), os.getpid(), ex=EXPIRES_SECONDS)
    except redis.RedisError as error:
        logger.warning("The process could not report: %s", error)


@worker_ready.connect
def report_regularly(sender: object, **_: object) -> None:
    """Report now and every three seconds from the worker's own loop, so that a worker that hangs falls silent."""
    queue = str(sender.hostname).partition("@")[0]  # type: ignore[attr-defined]
    client = redis_client()
    report(client, queue)
    sender.timer.call_repeatedly(INTERVAL_SECONDS, report, (client, queue))  # type: ignore[attr-defined]


class ReportingScheduler(Scheduler):
    """Of `celery beat`: reports from its loop, so that a beat that hangs falls silent."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._client = redis_client()
        self._due_at = 0.0

    def tick(self, *args: object, **options: object) -> float:
        """One turn of the loop; there is at least one every second."""
        if time.monotonic() >= self._due_at:
            report(self._client, BEAT)
            self._due_at = time.monotonic() + INTERVAL_SECONDS
        return float(super().tick(*args, **options))
