"""Step QUEUED: an operation waits until the one has ended that has its slots."""

from django.db import transaction

from sites.errors import Failed
from sites.models import Operation, SlotChange
from sites.operations import holds
from sites.operations.kinds import kind_of
from sites.operations.procedure import DONE, Progress
from sites.operations.turn import Turn

LIMIT_SECONDS = 3600.0


def wait(turn: Turn) -> Progress:
    """Take the slots once they are free. Raises Failed when they were not created after all, or are gone."""
    operation = turn.operation
    if operation.holds.exists():
        return DONE
    first = operation.waits_for
    if first is not None and first.is_open:
        return Progress(False, _what_goes_first(first))
    slots = turn.kind.queued_slots(operation)
    if not slots:
        raise Failed(f"{turn.what} was not begun: {_what_is_missing(turn)}")
    with transaction.atomic():
        if not holds.take(operation, slots):
            return Progress(False, f"another operation on '{operation.target}' goes first")
        changes = holds.unchanged(operation, slots)
        turn.kind.take_up(operation, changes)
        SlotChange.objects.bulk_create(changes)
    turn.forget()
    return DONE


def _what_is_missing(turn: Turn) -> str:
    if turn.kind.waits_for_creation:
        return f"'{turn.operation.target}' was not created. Create it, then publish again."
    return f"'{turn.operation.target}' was deleted meanwhile. There is nothing left to do."


def _what_goes_first(first: Operation) -> str:
    step = first.get_step_display()
    step = f"{step[0].lower()}{step[1:]}"
    if kind_of(first).is_creation:
        return f"'{first.target}' is still being created: {step}"
    return f"the {kind_of(first).noun} of {first.actor_name} goes first: {step}"
