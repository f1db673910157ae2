"""The sign of life of the workers in Redis, for the portal: sites.supervisor.worker gives it."""

import redis
from django.conf import settings

EXPIRES_SECONDS = 15


def redis_client(*, timeout: float = 1.0) -> redis.Redis:
    """A client of the broker that Celery uses."""
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, decode_responses=True)


def heartbeat_key(queue: str) -> str:
    """Where the worker of a queue reports."""
    return f"greenroom:worker:{queue}"


def reported_pid(client: redis.Redis, queue: str) -> int | None:
    """Process id of the worker of `queue`, if it has reported within the last 15 s."""
    value = client.get(heartbeat_key(queue))
    return int(str(value)) if value else None
