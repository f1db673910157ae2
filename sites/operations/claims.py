"""Who works on an operation, and which operations nobody works on.

A claim names the process that works, not only that somebody does: a machine that is slow is no reason to give its work
to another worker, and a worker that is dead is noticed at once.
"""

import itertools
import os
import socket
import time
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from sites.models import Operation, OperationState, Step
from sites.models.clock import now
from sites.operations.procedure import HANG_SECONDS
from sites.operations.stages import STAGES
from sites.runtime.agent.identity import Identity, boot_id, identify

SILENT_SECONDS = 60.0
"""How long a worker of another machine may take, of which nobody here can say whether it lives."""
UNASKED_SECONDS = 2.0
"""How long nobody may come to an operation that is due before it is enqueued again: its message is lost."""
ASKED_AGAIN_SECONDS = 10.0
"""How long the message that was given again has, should the queue be long."""
EARLY_SECONDS = 0.1
"""How much earlier than it is due somebody may look: messages are timed by the clocks of machines."""

ENCRYPTED = ("swap__settings_before", "borrowed_from__before")
"""What is read when it is used."""

_numbers = itertools.count(1)


def new_claim() -> str:
    """A name for one worker's claim, never used again: machine/boot/process/its start/number."""
    who = identify(os.getpid())
    started = who.starttime if who else 0
    return f"{socket.gethostname()}/{boot_id()}/{os.getpid()}/{started}/{next(_numbers)}"


def take(operation_id: int, attempt: int, claim: str, *, instead_of: tuple[str, ...] = ()) -> Operation | None:
    """The operation, from now on under `claim`, if it is due and nobody else works on it; otherwise None.

    `instead_of` are claims that are known to be over although their process lives: it has lost its database. To take
    over such a claim, or that of a lost worker, counts as a loss, and raises the attempt.
    """
    known = Operation.objects.select_related("site", "swap", "borrowed_from").defer(*ENCRYPTED)
    is_due = Q(due_at__lte=Now() + timedelta(seconds=EARLY_SECONDS))
    working = known.filter(is_due, pk=operation_id, attempt=attempt, state__in=Operation.WORKING)
    asked_at = time.monotonic()  # before the clock is read, so that no moment is written down too early
    found = working.annotate(read_at=Now()).first()
    if found is None:
        return None
    found.known_at = asked_at  # type: ignore[attr-defined]
    moment = moment_of(found)
    is_over = bool(found.claimed_by) and (found.claimed_by in instead_of or is_lost(found, moment))
    if found.claimed_by and not is_over:
        return None
    lost = 1 if is_over else 0
    changes = {"claimed_by": claim, "claimed_at": moment, "asked_at": None, "state": OperationState.RUNNING}
    if not _unchanged(found).filter(is_due).update(attempt=found.attempt + lost, losses=found.losses + lost, **changes):
        return None
    for name, value in changes.items():
        setattr(found, name, value)
    found.attempt, found.losses = found.attempt + lost, found.losses + lost
    return found


def moment_of(operation: Operation) -> datetime:
    """The present moment by the database's clock, which `take` has read with the operation.

    The claim itself may have waited for others who write, and its worker for a processor.
    """
    waited = time.monotonic() - operation.known_at  # type: ignore[attr-defined]
    return operation.read_at + timedelta(seconds=waited)  # type: ignore[attr-defined]


def is_lost(operation: Operation, moment: datetime) -> bool:
    """Whether nobody works any more for the claim of an operation."""
    host, boot, pid, started, _number = operation.claimed_by.split("/")
    is_here = host == socket.gethostname()
    stage = STAGES.get(Step(operation.step))
    patience = (stage.hang_seconds if stage else HANG_SECONDS) if is_here else SILENT_SECONDS
    if operation.claimed_at is None or moment - operation.claimed_at > timedelta(seconds=patience):
        return True
    return is_here and identify(int(pid)) != Identity(int(pid), int(started), boot)


def is_anything_open() -> bool:
    """Whether any operation is under way or waits."""
    return Operation.objects.filter(state__in=Operation.OPEN).exists()


def take_from_lost() -> list[Operation]:
    """Release operations whose workers are lost, with their attempt raised: a worker that returns is refused."""
    moment = now()
    released = []
    for operation in Operation.objects.filter(state__in=Operation.WORKING).exclude(claimed_by="").defer("before"):
        if is_lost(operation, moment) and _unchanged(operation).update(
            claimed_by="", attempt=F("attempt") + 1, losses=F("losses") + 1, due_at=moment
        ):
            operation.attempt += 1
            released.append(operation)
    return released


def count_loss(operation: Operation) -> bool:
    """Say that a look at an operation came to nothing; False for one that somebody else has by now."""
    operation.losses += 1
    return bool(_mine(operation).update(losses=operation.losses))


def put_off(operation: Operation, until: datetime) -> None:
    """Give an operation out of the worker's hands, also one whose end was asked for."""
    _mine(operation).update(claimed_by="", due_at=until)


def _mine(operation: Operation) -> QuerySet[Operation]:
    return Operation.objects.filter(
        pk=operation.pk, attempt=operation.attempt, claimed_by=operation.claimed_by, state__in=Operation.OPEN
    )


def find_unasked() -> list[Operation]:
    """Operations that are due and that nobody has come to, because their message is lost; each once in a while."""
    moment = now()
    late = Q(due_at__lt=moment - timedelta(seconds=UNASKED_SECONDS))
    patient = Q(asked_at=None) | Q(asked_at__lt=moment - timedelta(seconds=ASKED_AGAIN_SECONDS))
    found = Operation.objects.filter(late & patient, state__in=Operation.WORKING, claimed_by="").defer("before")
    return [operation for operation in found if _unchanged(operation).filter(patient).update(asked_at=moment)]


def _unchanged(operation: Operation) -> QuerySet[Operation]:
    """The operation, if nobody has had it since it was read."""
    same = ("attempt", "claimed_by", "claimed_at")
    return Operation.objects.filter(
        pk=operation.pk, state__in=Operation.WORKING, **{name: getattr(operation, name) for name in same}
    )
