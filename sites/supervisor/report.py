"""The page of `./greenroom status`."""

import http.client
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Sum

from sites.backups import schedule
from sites.capacity import totals_mb
from sites.models import Operation, OperationState, Rest, Revision, RevisionState, Site, Slot
from sites.models.clock import reckoned
from sites.operations.kinds import kind_of
from sites.plain_text import one_line
from sites.services import own_certificates
from sites.supervisor import router_lines
from sites.supervisor.components import CONTROL_PLANE, uses_foreign_redis
from sites.supervisor.health import QUEUES, health
from sites.supervisor.heartbeat import redis_client
from sites.supervisor.lock import Holder
from sites.supervisor.records import read_record
from sites.supervisor.spans import ago
from sites.unix_http import ask

PROCESSES = ("redis", "agent", "envoy", *CONTROL_PLANE)
ERRORS_SHOWN = 5


def status_lines(holder: Holder | None) -> list[str]:
    """The whole page; `holder` is the running `up`, None when there is none."""
    return [*_head(holder), "", *_processes(), "", *_rows(_facts()), "", *_last_errors()]


def _head(holder: Holder | None) -> list[str]:
    if holder is None:
        return [f"Greenroom is not running with {settings.DATA_DIR}. Start it: ./greenroom up"]
    since = datetime.fromtimestamp(holder.since, UTC)
    return _rows(
        {
            "Greenroom": f"{holder.address}, up since {since:%Y-%m-%d %H:%M} UTC (process {holder.pid})",
            "Listens on": f"{', '.join(holder.listen)} port {holder.port}",
            "Data folder": str(settings.DATA_DIR),
            "Isolation": holder.isolation,
        }
    )


def _processes() -> list[str]:
    lines = []
    for name in PROCESSES:
        if name == "redis" and uses_foreign_redis():
            continue
        record = read_record(settings.RUN_DIR, name)
        if record is None or not record.identity.is_alive():
            lines.append(f"  {name:<16} not running")
            continue
        since = datetime.fromtimestamp(record.started_at, UTC)
        restarts = f", restarted {record.restarts} times" if record.restarts else ""
        lines.append(f"  {name:<16} process {record.identity.pid}, since {since:%Y-%m-%d %H:%M:%S} UTC{restarts}")
        if record.last_hang:
            lines.append(f"  {'':<16} {record.last_hang}")
    return ["Processes", *lines]


def hang_lines() -> list[str]:
    """A sentence for each part that hung and was replaced."""
    records = (read_record(settings.RUN_DIR, name) for name in PROCESSES)
    return [f"{record.name} {record.last_hang}." for record in records if record and record.last_hang]


def _facts() -> dict[str, str]:
    wanted = Revision.objects.filter(state__in=Revision.REUSABLE).aggregate(total=Sum("wanted_count"))["total"] or 0
    running, total = Slot.objects.filter(is_running=True).count(), Slot.objects.count()
    unloaded = Slot.objects.filter(live_revision__rest=Rest.UNLOADED).count()
    return {
        "Health": health()[1],
        "Database": _database(),
        "Queues": _queues(),
        "Routers": router_lines.summary(),
        **_own_certificates(),
        "Web sites": f"{Site.objects.count()}, {running} of {total} slots running, {unloaded} of them unloaded",
        "Instances": f"{_running_instances()} running, {wanted} wanted, "
        f"{Revision.objects.filter(state=RevisionState.SERVING).count()} revisions in service",
        **_found_by_the_agent(),
        "Memory limits": _memory_limits(),
        "Open operations": _open_operations(),
        "Disk": _disk(),
        "Backups": one_line(schedule.line()),
        "Memory": _memory(Path("/proc/meminfo").read_text()),
    }


def _own_certificates() -> dict[str, str]:
    found = own_certificates.lines()
    return {"Certificates": "; ".join(found)} if found else {}


def _database() -> str:
    if connection.vendor != "sqlite":
        return f"{connection.vendor}, {connection.settings_dict['NAME']}"
    path = Path(connection.settings_dict["NAME"])
    return f"SQLite, {_size(path.stat().st_size)}"


def _queues() -> str:
    try:
        client = redis_client()
        return ", ".join(f"{queue} {client.llen(queue)} waiting" for queue in QUEUES)
    except redis.RedisError as error:
        return f"unknown ({error})"


def _found_by_the_agent() -> dict[str, str]:
    """What holds the sites to their share of the machine, and whether they may write beside their code."""
    try:
        _, body = ask(settings.AGENT_SOCKET, "/status")
        found: dict[str, Any] = json.loads(body)
        facts: list[str] = found["facts"]
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return {"Limits of sites": "unknown", "Files beside the code": "unknown"}
    limits = next((fact.removeprefix("limits ") for fact in facts if fact.startswith("limits ")), "unknown")
    return {
        "Limits of sites": limits,
        "Files beside the code": found.get("no_layer") or "applications may write some, until the instance ends",
    }


def _running_instances() -> str:
    try:
        _, body = ask(settings.AGENT_SOCKET, "/instances")
        found: Any = json.loads(body)
    except (OSError, ValueError, http.client.HTTPException):
        return "an unknown number"
    rows = found if isinstance(found, list) else found.get("instances", [])
    return str(sum(1 for row in rows if row.get("state") == "running"))


def _memory_limits() -> str:
    taken, offered = totals_mb()
    return f"{taken:,} MB of all instances together" + (f", of {offered:,} MB" if offered else "")


def _open_operations() -> str:
    now = reckoned()
    words = [
        f"{kind_of(operation).noun} of {operation.target} by {operation.actor_name}, "
        f"begun {ago(now - operation.created_at)} ({operation.get_step_display().lower()})"
        for operation in Operation.objects.filter(state__in=Operation.OPEN).order_by("created_at")[:10]
    ]
    return one_line("; ".join(words)) or "none"


def _last_errors() -> list[str]:
    failed = Operation.objects.filter(state=OperationState.FAILED).order_by("-ended_at")[:ERRORS_SHOWN]
    rows = [f"  {operation.ended_at:%Y-%m-%d %H:%M} UTC  {_first_line(operation.outcome)}" for operation in failed]
    return ["Last failures", *(rows or ["  none"])]


def _first_line(outcome: str) -> str:
    return one_line(outcome.split("\n")[0])


def _disk() -> str:
    usage = shutil.disk_usage(settings.DATA_DIR)
    return f"{_size(usage.free)} of {_size(usage.total)} free"


def _memory(meminfo: str) -> str:
    rows = {name: int(value.split()[0]) * 1024 for name, value in (line.split(":") for line in meminfo.splitlines())}
    load = os.getloadavg()[0]
    return f"{_size(rows['MemAvailable'])} of {_size(rows['MemTotal'])} available; load {load:.1f}"


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GB"


def _rows(facts: dict[str, str]) -> list[str]:
    return [f"{name:<16}  {value}" for name, value in facts.items()]
