"""Repeated jobs: one caller runs them, and the tick does not ask about what cannot be due."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from sites.jobs import scheduling
from sites.jobs.scheduling import Schedule
from sites.models import PeriodicJob
from sites.models.clock import now

pytestmark = pytest.mark.django_db


def test_a_repeated_job_is_due_for_one_caller_only() -> None:
    assert Schedule().is_due("tidy", seconds=60)
    assert not Schedule().is_due("tidy", seconds=60)


def test_what_cannot_be_due_yet_costs_no_question(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    schedule, other = Schedule(), Schedule()
    assert schedule.is_due("tidy", seconds=60)
    assert not other.is_due("tidy", seconds=60)
    with django_assert_num_queries(0):
        assert not schedule.is_due("tidy", seconds=60)
        assert not other.is_due("tidy", seconds=60)


def test_a_job_is_due_again_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = Schedule()
    assert schedule.is_due("tidy", seconds=60)
    PeriodicJob.objects.update(due_at=now() - timedelta(seconds=1))
    started = scheduling.time.monotonic()
    monkeypatch.setattr(scheduling.time, "monotonic", lambda: started + 61)
    assert schedule.is_due("tidy", seconds=60)


def test_a_clock_that_was_set_back_delays_a_job_by_one_span_only(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = Schedule()
    PeriodicJob.objects.create(name="tidy", due_at=now() + timedelta(days=365))
    assert not schedule.is_due("tidy", seconds=60)
    PeriodicJob.objects.update(due_at=now())
    started = scheduling.time.monotonic()
    monkeypatch.setattr(scheduling.time, "monotonic", lambda: started + 61)
    assert schedule.is_due("tidy", seconds=60)
