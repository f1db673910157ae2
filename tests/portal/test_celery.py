"""Workers keep their database connections, and look at them before each task."""

import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_prerun
from django.db import connection

from portal.celery import app


def test_a_task_does_not_close_the_connection_for_the_next(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr(connection, "close", lambda: closed.append("closed"))
    worker = DjangoWorkerFixup(app)
    for _ in range(1000):
        worker.close_database()
    assert closed == []


def test_a_connection_that_is_broken_or_too_old_is_closed_before_a_task(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: looked.append("looked"))
    task_prerun.send(sender=app.tasks["sites.tasks.advance"], task_id="1", task=None, args=(), kwargs={})
    assert looked == ["looked"]
