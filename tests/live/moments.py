"""Hold a swap at a chosen step, without any hook in the product: its worker is stopped when the database names it."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from django.db import connection

from sites.models import Operation, Step
from tests.live.system import System
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite
from tools.prober.clock import now

TRIES = 12
POLL_SECONDS = 0.001


class Missed(AssertionError):
    """The step was over before its worker could be stopped, in every try."""


def children(pid: int) -> list[int]:
    """Process ids of the children of a process."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def worker_processes(system: System) -> list[int]:
    """The control worker, in whose threads the work is done."""
    pid = system.pid("worker-control")
    return [pid, *children(pid)]


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Moment:
    """A swap that stands still at a step, until `release`."""

    def __init__(self, operation: Operation, step: Step, requested_at: float, frozen: list[int]) -> None:
        self.operation = operation
        self.step = step
        self.requested_at = requested_at
        self.frozen = frozen

    def release(self) -> None:
        """Let the worker go on, if it still lives."""
        send(self.frozen, signal.SIGCONT)


@contextmanager
def standing_still(system: System) -> Iterator[None]:
    """Within it no operation is worked on."""
    workers = worker_processes(system)
    stop_between_writes(workers)
    try:
        yield
    finally:
        send(workers, signal.SIGCONT)


def stop_between_writes(pids: Iterable[int]) -> None:
    """Stop processes while none of them keeps everybody else from writing into the database."""
    send(pids, signal.SIGSTOP)
    while _is_locked():
        send(pids, signal.SIGCONT)
        time.sleep(POLL_SECONDS)
        send(pids, signal.SIGSTOP)


def _is_locked() -> bool:
    """Whether somebody holds the lock of SQLite's writer for longer than a write takes."""
    if connection.vendor != "sqlite":
        return False
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0.5)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def hold_at(
    system: System,
    site: StagedSite,
    step: Step,
    request: Callable[[], Operation],
    *,
    before: Callable[[], object] = lambda: None,
) -> Moment:
    """Request swaps until one is caught at `step`; those that got away are noted as swaps of the site.

    `before` prepares each.
    """
    for _ in range(TRIES):
        before()
        workers = worker_processes(system)
        if step == Step.REQUESTED:
            stop_between_writes(workers)
        requested_at = now()
        operation = request()
        if _is_caught(operation, step, freeze=lambda pids=workers: send(pids, signal.SIGSTOP)):
            return Moment(operation, step, requested_at, workers)
        send(workers, signal.SIGCONT)
        wait_for(operation)
        site.note_swap(operation, requested_at)
    raise Missed(f"no swap of {TRIES} stood still at '{step.label}'")


def _is_caught(operation: Operation, step: Step, *, freeze: Callable[[], None]) -> bool:
    passed = list(Step)[list(Step).index(step) :]
    query = f"SELECT step FROM {Operation._meta.db_table} WHERE id = %s"  # noqa: S608 - some steps take a millisecond
    with connection.cursor() as cursor:
        while (at := cursor.execute(query, [operation.pk]).fetchone()[0]) not in passed:
            if at == Step.STARTING:
                time.sleep(POLL_SECONDS)  # it lasts: the processors are for what starts
    freeze()
    return Operation.objects.filter(pk=operation.pk, step=step, state__in=Operation.OPEN).exists()
