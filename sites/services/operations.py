"""Cancel and dismiss operations."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from sites import access, tasks
from sites.errors import Refused
from sites.models import Operation, OperationState
from sites.operations.kinds import kind_of


def cancel(*, acting_user: User, operation: Operation) -> Operation:
    """Ask an open operation to end; the job does so as long as nothing has been switched."""
    operation = access.get_operation_for_change(acting_user, operation.public_id)
    asked = Operation.objects.filter(pk=operation.pk, state__in=Operation.OPEN, cancel_requested_at=None).exclude(
        step__in=Operation.AFTER_SWITCH
    )
    with transaction.atomic():
        is_asked = asked.update(cancel_requested_at=Now())
        operation.refresh_from_db()
        operation.transition(OperationState.WAITING, OperationState.RUNNING)
        if Operation.objects.filter(pk=operation.pk, state__in=Operation.WORKING).update(due_at=Now()):
            tasks.enqueue_on_commit(operation)
    if not is_asked and operation.is_open and operation.cancel_requested_at is not None:
        raise Refused(
            f"The {kind_of(operation).noun} of '{operation.target}' is being cancelled already, since "
            f"{operation.cancel_requested_at:%H:%M:%S} UTC. Wait until it has ended."
        )
    if not is_asked:
        raise Refused(
            f"The {kind_of(operation).noun} of '{operation.target}' can no longer be cancelled: "
            f"{operation.get_state_display().lower()}. To undo a swap, swap again."
        )
    return operation


def dismiss(*, acting_user: User, operation: Operation) -> Operation:
    """Close one's own notification of an operation that has ended; that of somebody else stays."""
    operation = access.get_operation(acting_user, operation.public_id)
    Operation.objects.filter(pk=operation.pk, actor=acting_user, dismissed_at=None).update(dismissed_at=Now())
    operation.refresh_from_db()
    return operation
