"""An operation whose worker is lost goes on with the next one, soon."""

from datetime import timedelta

import pytest
from billiard.exceptions import WorkerLostError
from celery import Task
from celery.signals import task_failure, worker_ready
from django.db import InterfaceError, OperationalError

from sites import tasks
from sites.models import Operation
from sites.models.clock import now
from sites.operations import claims
from sites.services import swaps
from tests.domain import Domain


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


@pytest.mark.parametrize("loss", [WorkerLostError("killed"), OperationalError("closed"), InterfaceError("closed")])
def test_an_order_whose_process_or_database_was_lost_is_given_again(loss: Exception, sent: list[object]) -> None:
    task_failure.send(sender=tasks.advance, exception=loss, args=[7, 2], kwargs={})
    assert sent == [("advance", (7, 2))]


def test_a_fault_of_our_own_is_left_to_the_tick(sent: list[object]) -> None:
    task_failure.send(sender=tasks.advance, exception=ValueError("a fault"), args=[7, 2], kwargs={})
    task_failure.send(sender=tasks.tick, exception=OperationalError("closed"), args=[], kwargs={})
    assert sent == []


def test_a_worker_that_starts_takes_up_what_the_one_before_it_left(sent: list[object], swap: Operation) -> None:
    left = now() - timedelta(seconds=claims.LEFT_SECONDS + 1)
    Operation.objects.filter(pk=swap.pk).update(state="running", heartbeat_at=left)
    assert claims.take_stale() == []
    worker_ready.send(sender=None)
    assert sent == [("take_over", ())]
    tasks.take_over()
    assert sent[1:] == [("advance", (swap.pk, swap.attempt + 1))]


def test_a_worker_that_starts_leaves_what_another_works_on(sent: list[object], swap: Operation) -> None:
    Operation.objects.filter(pk=swap.pk).update(state="running", heartbeat_at=now())
    tasks.take_over()
    assert sent == []
