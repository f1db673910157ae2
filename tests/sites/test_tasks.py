"""An operation whose worker is lost goes on with the next one, soon."""

from datetime import timedelta

import pytest
from celery import Task
from django.db import InterfaceError, OperationalError
from pytest_django import Settings

from sites import tasks
from sites.jobs.scheduling import Schedule
from sites.models import LinkedResource, Operation, PeriodicJob, Step
from sites.models.clock import now
from sites.operations import claims
from sites.operations.kind import Queue
from sites.operations.procedure import HANG_SECONDS, Progress
from sites.operations.turn import Turn
from sites.services import swaps
from sites.telemetry.collector import Collector
from tests.domain import DEAD, Domain, alter_stage


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[int, ...]]]:
    """What is put into the queue: tasks and their arguments."""
    found: list[tuple[str, tuple[int, ...]]] = []

    def apply_async(task: Task, args: tuple[int, ...] = (), *_: object, **__: object) -> None:
        found.append((task.name.rpartition(".")[2], tuple(args or ())))

    monkeypatch.setattr(Task, "apply_async", apply_async)
    return found


@pytest.fixture
def swap(domain: Domain) -> Operation:
    """A swap that was asked for."""
    production, staging = domain.staged()
    return swaps.request_swap(acting_user=domain.alice, source=staging, target=production)


def queued(swap: Operation, *instead_of: str) -> tuple[str, tuple[object, ...]]:
    """The order to take the swap forward."""
    return ("advance", (swap.pk, swap.attempt, *([list(instead_of)] if instead_of else [])))


@pytest.mark.parametrize("loss", [OperationalError("closed"), InterfaceError("closed")])
def test_an_order_whose_database_was_lost_is_given_again_and_may_take_over_its_claim(
    loss: Exception, sent: list[object], swap: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(turn: Turn) -> Progress:
        raise loss

    alter_stage(monkeypatch, Step.PREPARING, work=lose)
    tasks.advance(swap.pk, swap.attempt)
    swap.refresh_from_db()
    assert sent == [queued(swap, swap.claimed_by)]
    assert claims.take_from_lost() == [], "the process lives"
    monkeypatch.undo()
    tasks.advance(*sent[0][1])
    swap.refresh_from_db()
    assert swap.state == "succeeded", swap.outcome


def test_the_tick_takes_up_what_a_dead_worker_left(sent: list[object], domain: Domain, swap: Operation) -> None:
    Operation.objects.filter(pk=swap.pk).update(state="running", claimed_by=DEAD, claimed_at=now())
    tasks.tick(Schedule())
    swap.refresh_from_db()
    assert queued(swap) in sent
    assert (swap.attempt, swap.losses, swap.claimed_by) == (2, 1, "")


def test_nobody_takes_up_what_a_living_worker_is_slow_with(sent: list[object], swap: Operation) -> None:
    long_ago = now() - timedelta(seconds=100)
    Operation.objects.filter(pk=swap.pk).update(
        state="running", claimed_by=claims.new_claim(), claimed_at=long_ago, due_at=long_ago
    )
    tasks.tick(Schedule())
    assert all(name != "advance" for name, _args in sent)


def test_a_worker_that_hangs_is_given_up(sent: list[object], swap: Operation) -> None:
    long_ago = now() - timedelta(seconds=HANG_SECONDS + 1)
    Operation.objects.filter(pk=swap.pk).update(state="running", claimed_by=claims.new_claim(), claimed_at=long_ago)
    tasks.tick(Schedule())
    swap.refresh_from_db()
    assert queued(swap) in sent and swap.attempt == 2


def test_one_look_at_figures_has_one_thread_and_operations_the_other(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def look() -> None:
        looks.append("begun")
        tasks.take_metrics()  # as another thread does while the router does not answer

    monkeypatch.setattr(tasks.metrics, "run", look)
    tasks.take_metrics()
    assert looks == ["begun"]
    tasks.take_metrics()
    assert looks == ["begun", "begun"], "the turn is free again"


def test_figures_that_nobody_has_taken_in_time_leave_the_queue(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, object] = {}
    monkeypatch.setattr(Task, "apply_async", lambda task, *_, **options: sent.setdefault(task.name, options))
    tasks.tick(Schedule())
    assert sent["sites.tasks.take_metrics"] == {"expires": 10}


@pytest.mark.parametrize(("seconds", "is_lost"), [(50, False), (70, True)])
def test_of_another_machine_silence_decides(swap: Operation, seconds: int, is_lost: bool) -> None:
    silent_since = now() - timedelta(seconds=seconds)
    claim = "another-machine/5ee1f0e4/4711/1/1"
    Operation.objects.filter(pk=swap.pk).update(state="running", claimed_by=claim, claimed_at=silent_since)
    assert bool(claims.take_from_lost()) == is_lost


def test_a_lost_message_is_given_again_at_the_same_attempt_and_then_after_a_while(
    sent: list[object], swap: Operation
) -> None:
    sent.clear()
    tasks.tick(Schedule())
    assert queued(swap) not in sent
    Operation.objects.filter(pk=swap.pk).update(due_at=now() - timedelta(seconds=3))
    tasks.tick(Schedule())
    assert sent.count(queued(swap)) == 1
    tasks.tick(Schedule())
    assert sent.count(queued(swap)) == 1, "the queue may be long"
    Operation.objects.filter(pk=swap.pk).update(asked_at=now() - timedelta(seconds=11))
    tasks.tick(Schedule())
    assert sent.count(queued(swap)) == 2


def test_a_message_that_comes_twice_does_nothing_twice(domain: Domain, swap: Operation) -> None:
    Operation.objects.filter(pk=swap.pk).update(state="running", claimed_by=claims.new_claim(), claimed_at=now())
    tasks.advance(swap.pk, swap.attempt)
    swap.refresh_from_db()
    assert (swap.step, swap.attempt, swap.losses) == ("requested", 1, 0)
    Operation.objects.filter(pk=swap.pk).update(claimed_by="", due_at=now() + timedelta(seconds=1))
    tasks.advance(swap.pk, swap.attempt)
    swap.refresh_from_db()
    assert swap.step == "requested", "it is not due"


def test_linked_resources_are_checked_when_they_are_due(
    sent: list[tuple[str, tuple[int, ...]]], domain: Domain
) -> None:
    checks = ("check_linked_resources", ())
    tasks.tick(Schedule())
    assert checks not in sent
    LinkedResource.objects.create(site=domain.create(), name="cache", engine="redis", due_at=now())
    PeriodicJob.objects.all().delete()
    tasks.tick(Schedule())
    assert sent.count(checks) == 1


@pytest.mark.usefixtures("sent", "db")
def test_logs_are_sent_by_those_who_build_so_no_collector_keeps_a_swap_waiting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(tasks.send_logs, "apply_async", lambda *_, **options: asked.append(options))
    settings.COLLECTOR = Collector("127.0.0.1", 4317)
    tasks.tick(Schedule())
    assert asked == [{"queue": Queue.WORK, "expires": 10}]
