"""Whether Greenroom works, cheaply enough to be asked every second: one short question to each part."""

import http.client
from collections.abc import Callable
from functools import partial
from pathlib import Path

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from sites.supervisor.heartbeat import redis_client, reported_pid
from sites.unix_http import ask

QUEUES = ("control", "work")
TIMEOUT_SECONDS = 0.5


def health() -> tuple[bool, str]:
    """(True, "ok: …") when every part answers, else (False, a sentence naming those that do not)."""
    found = check_parts()
    away = [f"{name} ({reason})" for name, reason in found.items() if reason]
    if away:
        return False, f"away: {', '.join(away)}; tried again automatically"
    return True, f"ok: {', '.join(found)}"


def check_parts() -> dict[str, str]:
    """Part → why it does not answer, empty when it does."""
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "redis": _redis,
        "agent": lambda: _daemon(settings.AGENT_SOCKET),
        "router": lambda: _daemon(settings.XDS_CONTROL_SOCKET),
        "guard": lambda: _daemon(settings.GUARD_CONTROL_SOCKET),
        **{f"worker of {queue}": partial(_worker, queue) for queue in QUEUES},
    }
    return {name: check() for name, check in checks.items()}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return _words(error)
    return ""


def _redis() -> str:
    try:
        redis_client(timeout=TIMEOUT_SECONDS).ping()
    except redis.RedisError as error:
        return _words(error)
    return ""


def _worker(queue: str) -> str:
    try:
        pid = reported_pid(redis_client(timeout=TIMEOUT_SECONDS), queue)
    except redis.RedisError:
        return "unknown without redis"
    return "" if pid else "has not reported for 15 s"


def _daemon(socket: Path) -> str:
    try:
        status, _ = ask(socket, "/status", timeout=TIMEOUT_SECONDS)
    except (OSError, http.client.HTTPException) as error:
        return _words(error)
    return "" if status == 200 else f"answered {status}"


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
