"""Hold a swap at a chosen step, without any hook in the product: its worker is stopped when the database names it."""

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from sites.demo.operations import wait_for
from sites.demo.staged_site import StagedSite
from sites.models import Operation, Step
from sites.prober.clock import now
from tests.live.system import System

TRIES = 12


class Missed(AssertionError):
    """The step was over before its worker could be stopped, in every try."""


def children(pid: int) -> list[int]:
    """Process ids of the children of a process."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Moment:
    """A swap that stands still at a step, until `release`."""

    def __init__(self, operation: Operation, requested_at: float, frozen: list[int]) -> None:
        self.operation = operation
        self.requested_at = requested_at
        self.frozen = frozen

    def release(self) -> None:
        """Let the worker go on, if it still lives."""
        send(self.frozen, signal.SIGCONT)


def hold_at(system: System, site: StagedSite, step: Step) -> Moment:
    """Ask for swaps until one is caught at `step`; those that got away are noted as swaps of the site."""
    for _ in range(TRIES):
        workers = children(system.pid("worker-control"))
        if step == Step.REQUESTED:
            send(workers, signal.SIGSTOP)
        requested_at = now()
        operation = site.request_swap()
        if _is_caught(operation, step, freeze=lambda pids=workers: send(pids, signal.SIGSTOP)):
            return Moment(operation, requested_at, workers)
        send(workers, signal.SIGCONT)
        wait_for(operation)
        site.note_swap(operation, requested_at)
    raise Missed(f"no swap of {TRIES} stood still at '{step.label}'")


def _is_caught(operation: Operation, step: Step, *, freeze: Callable[[], None]) -> bool:
    row = Operation.objects.filter(pk=operation.pk)
    passed = list(Step)[list(Step).index(step) :]
    while row.values_list("step", flat=True).get() not in passed:
        continue
    freeze()
    return row.filter(step=step, state__in=Operation.OPEN).exists()
