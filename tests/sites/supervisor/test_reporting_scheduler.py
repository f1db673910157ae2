"""The sign of life of beat."""

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from portal.celery import app
from sites.supervisor import reporting_scheduler
from sites.supervisor.ready_file import BEAT, ready_pid
from sites.supervisor.reporting_scheduler import ReportingScheduler


def test_beat_reports_from_its_own_loop_every_three_seconds(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RUN_DIR = tmp_path
    moment, reports = 100.0, list[str]()
    monkeypatch.setattr(reporting_scheduler, "say_alive", reports.append)
    monkeypatch.setattr(reporting_scheduler.time, "monotonic", lambda: moment)
    scheduler = ReportingScheduler(app=app, schedule={})
    assert ready_pid(BEAT) is None
    for _ in range(12):
        scheduler.tick()
        moment += 0.5
    assert ready_pid(BEAT) == os.getpid()
    assert reports == [BEAT] * 2
