"""A worker's sign of life in Redis; loaded by the workers with `celery worker --include`."""

import logging
import os

import redis
from celery.signals import worker_ready
from django.conf import settings

INTERVAL_SECONDS = 3.0
EXPIRES_SECONDS = 15

logger = logging.getLogger(__name__)


def redis_client(*, timeout: float = 1.0) -> redis.Redis:
    """A client of the broker that Celery uses."""
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, decode_responses=True)


def heartbeat_key(queue: str) -> str:
    """Where the worker of a queue reports."""
    return f"greenroom:worker:{queue}"


def worker_pid(client: redis.Redis, queue: str) -> int | None:
    """Process id of the worker of `queue` that reported within the last 15 s."""
    value = client.get(heartbeat_key(queue))
    return int(str(value)) if value else None


@worker_ready.connect
def report_regularly(sender: object, **_: object) -> None:
    """Report now and every three seconds from the worker's own loop, so that a worker that hangs falls silent."""
    queue = str(sender.hostname).partition("@")[0]  # type: ignore[attr-defined]
    client = redis_client()

    def report() -> None:
        try:
            client.set(heartbeat_key(queue), os.getpid(), ex=EXPIRES_SECONDS)
        except redis.RedisError as error:
            logger.warning("The worker could not report: %s", error)

    report()
    sender.timer.call_repeatedly(INTERVAL_SECONDS, report)  # type: ignore[attr-defined]
