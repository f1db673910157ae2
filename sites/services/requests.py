"""Ask for an operation: its row, the slots that it holds, what it is to change there, and its place in the queue."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from sites import tasks
from sites.errors import Refused, SlotBusy, SwapPending
from sites.models import Operation, OperationState, Site, Slot, SlotChange, SlotHold
from sites.models.present import present
from sites.operations.kinds import OperationKind, kind_of


def begin(
    kind: OperationKind,
    *,
    acting_user: User | None,
    site: Site,
    slots: Iterable[Slot],
    target: str,
    actor_name: str = "",
    **asked: Any,
) -> Operation:
    """Begin an operation on `slots` with one SlotChange each; `asked` is what `kind.apply` takes.

    To be called inside the transaction of what is asked; when it has committed, the operation is enqueued. Raises
    SlotBusy, and changes nothing, when another operation holds one of the slots (invariant I4).
    """
    operation = Operation.objects.create(
        kind=kind.name,
        site=site,
        subscription=site.subscription,
        target=target,
        actor=acting_user,
        actor_name=actor_name or present(acting_user, "the name of who acts").get_username(),
    )
    in_order = sorted(slots, key=lambda slot: slot.pk)
    if not (kind.borrows_from_preview and _borrow(operation, in_order)):
        _hold(operation, in_order)
    changes = [_unchanged(operation, slot) for slot in _as_held(in_order)]
    kind.apply(operation, changes, **asked)
    if operation.before:
        operation.save(update_fields=["before"])
    SlotChange.objects.bulk_create(changes)
    tasks.enqueue_on_commit(operation)
    return operation


def ensure_free(slots: Iterable[Slot], *, wanted: OperationKind) -> None:
    """Raises SlotBusy when an operation holds one of the slots; a courtesy before long work, `begin` is the guard."""
    hold = SlotHold.objects.filter(slot__in=list(slots)).select_related("operation", "slot__site").first()
    if hold is not None:
        raise _busy(hold, wanted=wanted.noun)


def _borrow(operation: Operation, slots: Sequence[Slot]) -> bool:
    """Take production's hold from a preview that waits, for as long as the operation is open.

    A preview may wait for hours, and production must remain scalable and stoppable meanwhile.
    """
    if len(slots) != 1 or not slots[0].is_production:
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
            SlotHold.objects.bulk_create([SlotHold(slot=slot, operation=operation) for slot in slots])
    except IntegrityError:
        hold = SlotHold.objects.filter(slot__in=slots).select_related("operation", "slot__site").first()
        if hold is None:
            raise Refused(
                f"Another operation on '{operation.target}' ended just now. Nothing was changed; try again."
            ) from None
        raise _busy(hold, wanted=kind_of(operation).noun) from None


def _as_held(slots: Sequence[Slot]) -> list[Slot]:
    """The slots as they are now that the operation holds them."""
    found = Slot.objects.select_related("site", "workload__active_deployment").defer("publishing_password")
    return list(found.filter(pk__in=[slot.pk for slot in slots]).order_by("pk"))


def _unchanged(operation: Operation, slot: Slot) -> SlotChange:
    """The change that leaves everything as it is."""
    return SlotChange(
        operation=operation,
        slot=slot,
        workload_before=slot.workload,
        workload_after=slot.workload,
        revision_before_id=slot.live_revision_id,
        deployment_after=slot.occupant.active_deployment,
        count_before=slot.instance_count,
        count_after=slot.instance_count,
        was_running=slot.is_running,
        is_running_after=slot.is_running,
    )


def _busy(hold: SlotHold, *, wanted: str) -> SlotBusy | SwapPending:
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
        operation=f"the {kind_of(operation).noun}",
        person=operation.actor_name,
        since=f"{operation.created_at:%H:%M:%S} UTC",
        progress=f" ({operation.get_step_display().lower()})",
        wanted=wanted,
    )
