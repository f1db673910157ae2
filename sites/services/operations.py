"""Begin, record, cancel and dismiss operations."""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from sites import access, tasks
from sites.errors import Refused, SlotBusy, SwapPending
from sites.models import Kind, Operation, OperationState, Site, Slot, SlotHold, Step, Subscription
from sites.models.present import present

LENT_BY_PREVIEWS = (Kind.SCALE, Kind.STOP)


def record(
    *,
    kind: Kind,
    actor_name: str,
    acting_user: User | None,
    target: str,
    outcome: str,
    site: Site | None = None,
    subscription: Subscription | None = None,
) -> Operation:
    """Write an operation that is already done; belongs in the transaction of the change that it records."""
    return Operation.objects.create(
        kind=kind,
        site=site,
        subscription=subscription or (site.subscription if site else None),
        target=target,
        actor=acting_user,
        actor_name=actor_name,
        state=OperationState.SUCCEEDED,
        step=Step.DONE,
        outcome=outcome,
        ended_at=Now(),
    )


def begin(
    *,
    kind: Kind,
    acting_user: User | None,
    site: Site,
    slots: Iterable[Slot],
    target: str,
    actor_name: str = "",
) -> Operation:
    """Write an open operation that holds `slots`, and enqueue it when the transaction has committed.

    To be called inside the transaction of what is asked. Raises SlotBusy, and changes nothing, when another
    operation holds one of the slots (invariant I4).
    """
    operation = Operation.objects.create(
        kind=kind,
        site=site,
        subscription=site.subscription,
        target=target,
        actor=acting_user,
        actor_name=actor_name or present(acting_user, "the name of who acts").get_username(),
    )
    in_order = sorted(slots, key=lambda slot: slot.pk)
    if not _borrow(operation, in_order):
        _hold(operation, in_order)
    tasks.enqueue_on_commit(operation)
    return operation


def _borrow(operation: Operation, slots: Sequence[Slot]) -> bool:
    """Take production's hold from a preview that waits, for as long as the operation is open.

    A preview may wait for hours, and production must remain scalable and stoppable meanwhile.
    """
    if operation.kind not in LENT_BY_PREVIEWS or len(slots) != 1 or not slots[0].is_production:
        return False
    hold = (
        SlotHold.objects.select_for_update(of=("self", "operation"))
        .select_related("operation")
        .filter(slot=slots[0])
        .first()
    )
    if hold is None or hold.operation.state != OperationState.WAITING:
        return False
    Operation.objects.filter(pk=operation.pk).update(borrowed_from=hold.operation)
    operation.borrowed_from = hold.operation
    SlotHold.objects.filter(pk=hold.pk).update(operation=operation)
    return True


def _hold(operation: Operation, slots: Sequence[Slot]) -> None:
    """Insert one hold per slot, in slot order, or tell who has them."""
    try:
        with transaction.atomic():
            for slot in slots:
                SlotHold.objects.create(slot=slot, operation=operation)
    except IntegrityError:
        hold = SlotHold.objects.filter(slot__in=slots).select_related("operation", "slot__site").first()
        if hold is None:
            raise Refused(
                f"Another operation on '{operation.target}' ended just now. Nothing was changed; try again."
            ) from None
        raise busy(hold, wanted=operation.get_kind_display()) from None


def busy(hold: SlotHold, *, wanted: str) -> SlotBusy | SwapPending:
    """The refusal that names who holds the slot, with what, and since when."""
    operation = hold.operation
    if operation.state == OperationState.WAITING:
        source = present(operation.swap.source, "the source of a swap")
        return SwapPending(
            name=source.title,
            person=operation.actor_name,
            since=f"{operation.created_at:%H:%M} UTC",
            slot=source,
            operation=operation,
        )
    return SlotBusy(
        name=hold.slot.title,
        operation=f"the {operation.get_kind_display()}",
        person=operation.actor_name,
        since=f"{operation.created_at:%H:%M:%S} UTC",
        progress=f" ({operation.get_step_display().lower()})",
        wanted=wanted,
    )


def ensure_free(slots: Iterable[Slot], *, wanted: str) -> None:
    """Raises SlotBusy when an operation holds one of the slots; a courtesy before long work, `begin` is the guard."""
    hold = SlotHold.objects.filter(slot__in=list(slots)).select_related("operation", "slot__site").first()
    if hold is not None:
        raise busy(hold, wanted=wanted)


def cancel(*, acting_user: User, operation: Operation) -> Operation:
    """Ask an open operation to end; the job does so as long as nothing has been switched."""
    operation = access.get_operation_for_change(acting_user, operation.public_id)
    asked = Operation.objects.filter(pk=operation.pk, state__in=Operation.OPEN, cancel_requested_at=None).exclude(
        step__in=Operation.AFTER_SWITCH
    )
    with transaction.atomic():
        is_asked = asked.update(cancel_requested_at=Now())
        operation.refresh_from_db()
        if operation.transition(OperationState.WAITING, OperationState.RUNNING, heartbeat_at=None):
            tasks.enqueue_on_commit(operation)
    if not is_asked and operation.is_open and operation.cancel_requested_at is not None:
        raise Refused(
            f"The {operation.get_kind_display()} of '{operation.target}' is being cancelled already, since "
            f"{operation.cancel_requested_at:%H:%M:%S} UTC. Wait until it has ended."
        )
    if not is_asked:
        raise Refused(
            f"The {operation.get_kind_display()} of '{operation.target}' can no longer be cancelled: "
            f"{operation.get_state_display().lower()}. To undo a swap, swap again."
        )
    return operation


def dismiss(*, acting_user: User, operation: Operation) -> Operation:
    """Close the notification of an operation that has ended."""
    operation = access.get_operation(acting_user, operation.public_id)
    Operation.objects.filter(pk=operation.pk, dismissed_at=None).update(dismissed_at=Now())
    operation.refresh_from_db()
    return operation
