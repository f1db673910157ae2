"""The scheduler ticks by itself, whatever keeps one tick from its end."""

import time
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


def test_between_two_ticks_the_scheduler_sleeps(scheduler: TickScheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: list[object] = []
    monkeypatch.setattr(tasks, "tick", ticks.append)
    monkeypatch.setattr("sites.supervisor.reporting_scheduler.say_alive", lambda _: None)
    monkeypatch.setattr("sites.supervisor.reporting_scheduler.say_ready", lambda _: None)
    monkeypatch.setattr(TickScheduler, "producer", None)
    scheduler.setup_schedule()
    turns = 0
    while len(ticks) < 3:
        time.sleep(max(0.0, scheduler.tick()))
        turns += 1
    assert turns <= 2 * len(ticks), "it looks once when the tick is due, and once to see when the next one is"
