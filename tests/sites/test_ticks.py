"""The scheduler ticks by itself, whatever keeps one tick from its end."""

from datetime import timedelta
from pathlib import Path

import pytest
from celery.beat import ScheduleEntry
from django.conf import LazySettings
from kombu.exceptions import OperationalError

from portal.celery import app
from sites import tasks
from sites.ticks import TickScheduler


@pytest.fixture
def scheduler(db: None, settings: LazySettings, tmp_path: Path) -> TickScheduler:
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/redis.sock"
    return TickScheduler(app, lazy=True)


def tick(scheduler: TickScheduler) -> None:
    scheduler.apply_entry(ScheduleEntry(name="tick", task="sites.tasks.tick", schedule=timedelta(seconds=1), app=app))


@pytest.mark.parametrize("trouble", [None, OperationalError("no Redis"), ValueError("a fault")])
def test_each_second_it_ticks_in_its_own_process(
    scheduler: TickScheduler, monkeypatch: pytest.MonkeyPatch, trouble: Exception | None
) -> None:
    ticks: list[str] = []

    def count(_: object) -> None:
        ticks.append("tick")
        if trouble is not None:
            raise trouble

    monkeypatch.setattr(tasks, "tick", count)
    for _ in range(2):
        tick(scheduler)
    assert ticks == ["tick", "tick"]


def test_it_is_the_scheduler_that_is_started() -> None:
    assert app.conf.beat_scheduler == "sites.ticks:TickScheduler"
    assert app.conf.beat_schedule["tick"]["schedule"] == 1.0
