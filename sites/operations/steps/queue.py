"""Step QUEUED: a first publication waits until what creates its slot has ended."""

from django.db import transaction

from sites.errors import Failed
from sites.models import SlotChange
from sites.operations import holds
from sites.operations.procedure import DONE, Progress
from sites.operations.turn import Turn

LIMIT_SECONDS = 3600.0


def wait(turn: Turn) -> Progress:
    """Take the slot once it is free. Raises Failed when it was not created after all."""
    operation = turn.operation
    if operation.holds.exists():
        return DONE
    creation = operation.waits_for
    if creation is not None and creation.is_open:
        step = creation.get_step_display()
        return Progress(False, f"'{creation.target}' is still being created: {step[0].lower()}{step[1:]}")
    deployment = getattr(operation, "deployment", None)
    if deployment is None or deployment.slot is None:
        raise Failed(f"{turn.what} was not begun: '{operation.target}' was not created. Create it, then publish again.")
    with transaction.atomic():
        if not holds.take(operation, [deployment.slot]):
            return Progress(False, f"another operation on '{operation.target}' goes first")
        changes = holds.unchanged(operation, [deployment.slot])
        turn.kind.apply(operation, changes, deployment=deployment)
        SlotChange.objects.bulk_create(changes)
    turn.forget()
    return DONE
