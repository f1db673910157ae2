"""The sign of life of beat."""

import os

import pytest

from portal.celery import app
from sites.supervisor import heartbeat
from sites.supervisor.heartbeat import ReportingScheduler, heartbeat_key


class Memory:
    """What was reported to Redis."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, int]] = []

    def set(self, key: str, value: int, *, ex: int) -> None:
        assert ex == heartbeat.EXPIRES_SECONDS
        self.reports.append((key, value))


def test_beat_reports_from_its_own_loop_every_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, moment = Memory(), 100.0
    monkeypatch.setattr(heartbeat, "redis_client", lambda: memory)
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: moment)
    scheduler = ReportingScheduler(app=app, schedule={})
    for _ in range(12):
        scheduler.tick()
        moment += 0.5
    assert memory.reports == [(heartbeat_key("beat"), os.getpid())] * 2
