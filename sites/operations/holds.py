"""Holds: while an operation is open, nobody else changes its slots (I4)."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from sites.models import Operation, OperationState, OperationStep, Site, Slot, SlotChange, SlotHold, Step


def take(operation: Operation, slots: Sequence[Slot]) -> bool:
    """Hold the slots; False, and nothing is changed, when another operation has one of them."""
    try:
        with transaction.atomic():
            SlotHold.objects.bulk_create(SlotHold(slot=slot, operation=operation) for slot in _in_order(slots))
    except IntegrityError:
        return False
    return True


def borrow(operation: Operation, slots: Sequence[Slot]) -> bool:
    """Take production's hold from a preview that waits, for as long as the operation is open.

    A preview may wait for hours, and production must remain scalable and stoppable meanwhile.
    """
    if len(slots) != 1:
        return False
    found = SlotHold.objects.select_for_update(of=("self", "operation")).select_related("operation")
    hold = found.filter(slot=slots[0]).first()
    if hold is None or not is_lent_to(hold, slots):
        return False
    Operation.objects.filter(pk=operation.pk).update(borrowed_from=hold.operation)
    operation.borrowed_from = hold.operation
    SlotHold.objects.filter(pk=hold.pk).update(operation=operation)
    return True


def is_lent_to(hold: SlotHold, slots: Sequence[Slot]) -> bool:
    """Whether the hold is a waiting preview's on production, and `slots` are nothing else."""
    return len(slots) == 1 and slots[0].is_production and hold.operation.state == OperationState.WAITING


def lock_holders(slots: Sequence[Slot]) -> list[Operation]:
    """The operations that have one of the slots, with slots and operations locked, in the order in which workers lock.

    For whoever asks whether they give way.
    """
    list(Slot.objects.select_for_update().filter(pk__in=[slot.pk for slot in slots]).order_by("pk").values_list("pk"))
    held = SlotHold.objects.filter(slot__in=slots).values("operation")
    return list(Operation.objects.select_for_update().filter(pk__in=held).order_by("pk"))


def end_early(operation: Operation, outcome: str, *, is_switched: bool) -> None:
    """End an operation of which nothing has to be undone, in the transaction of what goes past it.

    Its worker finds that its attempt is overtaken. `is_switched`: what it was to do is done, and only routers were
    waited for, which go on by themselves.
    """
    state = OperationState.SUCCEEDED if is_switched else OperationState.CANCELLED
    ended = {"state": state, "outcome": outcome, "claimed_by": "", "ended_at": Now(), "attempt": F("attempt") + 1}
    Operation.objects.filter(pk=operation.pk).update(**ended, **({"step": Step.DONE} if is_switched else {}))
    OperationStep.objects.filter(operation=operation, ended_at=None).update(ended_at=Now())
    SlotHold.objects.filter(operation=operation).delete()
    Site.objects.filter(operations=operation).update(routes_version=F("routes_version") + 1)


def holders_of(slots: Sequence[Slot]) -> list[SlotHold]:
    """Who has the slots."""
    return list(SlotHold.objects.filter(slot__in=slots).select_related("operation", "slot__site").order_by("pk"))


def unchanged(operation: Operation, slots: Sequence[Slot]) -> list[SlotChange]:
    """The changes, not saved, that leave the slots as they are now that `operation` holds them; in their order."""
    found = Slot.objects.select_related("site", "workload__active_deployment").defer("publishing_password")
    return [
        SlotChange(
            operation=operation,
            slot=slot,
            workload_before=slot.workload,
            workload_after=slot.workload,
            revision_before_id=slot.live_revision_id,
            deployment_after=slot.current_workload.active_deployment,
            count_before=slot.instance_count,
            count_after=slot.instance_count,
            was_running=slot.is_running,
            is_running_after=slot.is_running,
        )
        for slot in found.filter(pk__in=[slot.pk for slot in slots]).order_by("pk")
    ]


def _in_order(slots: Sequence[Slot]) -> list[Slot]:
    """So that two operations that want the same slots cannot wait for each other."""
    return sorted(slots, key=lambda slot: slot.pk)
