"""Ask for an operation: its row, the slots that it holds, what it is to change there, and its place in the queue."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.models import User

from sites import access, capacity, tasks
from sites.errors import Refused, SlotBusy, SwapPending
from sites.events import operations as events
from sites.models import Operation, OperationState, Site, Slot, SlotChange, SlotHold
from sites.models.clock import now
from sites.models.required import required
from sites.operations import holds
from sites.operations.kinds import OperationKind, kind_of


def begin(
    kind: OperationKind,
    *,
    acting_user: User | None,
    site: Site,
    slots: Iterable[Slot],
    target: str,
    actor_name: str = "",
    only_if: Callable[..., None] | None = None,
    **asked: Any,
) -> Operation:
    """Begin an operation on `slots` with one SlotChange each; `asked` is what `kind.apply` takes.

    `only_if` is given the slots as they are once the operation holds them, and raises the refusal of a condition.

    To be called inside the transaction of what is asked; when it has committed, the operation is enqueued. Raises
    SlotBusy, and changes nothing, when another operation holds one of the slots (invariant I4), and NotEnoughMemory.
    """
    operation = Operation.objects.create(
        kind=kind.name,
        site=site,
        subscription=site.subscription,
        target=target,
        actor=acting_user,
        actor_name=actor_name or access.name_of(required(acting_user, "the name of who acts")),
    )
    wanted = list(slots)
    is_borrowed = kind.borrows_from_preview and holds.borrow(operation, wanted)
    if not (is_borrowed or holds.take(operation, wanted) or _go_past(operation, wanted)):
        _wait_or_refuse(kind, operation, wanted)
    changes = holds.unchanged(operation, wanted)
    if only_if is not None:
        only_if(*(change.held_slot for change in changes))
    if operation.waits_for_id:
        kind.queue_up(operation, changes, **asked)
    else:
        kind.apply(operation, changes, **asked)
        SlotChange.objects.bulk_create(changes)
        capacity.ensure_fits(operation, changes)
    if operation.before:
        operation.save(update_fields=["before"])
    tasks.enqueue_on_commit(operation)
    return operation


def ensure_free(slots: Iterable[Slot], *, wanted: OperationKind) -> None:
    """Raises SlotBusy or SwapPending when `wanted` would be refused because an operation holds one of the slots.

    A courtesy before long work, and before a question that could only be answered with NO; `begin` is the guard.
    """
    wanted_slots = list(slots)
    for hold in holds.holders_of(wanted_slots):
        is_lent = wanted.borrows_from_preview and holds.is_lent_to(hold, wanted_slots)
        if not kind_of(hold.operation).gives_way and not is_lent and not _may_wait(wanted, hold):
            raise _busy(hold.slot, hold.operation, wanted=wanted.noun)


def _go_past(operation: Operation, slots: list[Slot]) -> bool:
    """End what gives way, and hold its slots; False, and nothing is changed, when something else has one of them."""
    others = holds.lock_holders(slots)
    if not others or not all(kind_of(other).gives_way for other in others):
        return False
    for other in others:
        kind, changes = kind_of(other), list(other.changes.loaded())
        is_switched = other.step in Operation.AFTER_SWITCH
        gave_way = f"The {kind.noun} of '{other.target}' gave way to the {kind_of(operation).noun} of "
        outcome = kind.success(other, changes) if is_switched else f"{gave_way}{operation.actor_name}."
        holds.end_early(other, outcome, is_switched=is_switched)
        if is_switched:
            kind.on_success(other, changes)
        state = OperationState.SUCCEEDED if is_switched else OperationState.CANCELLED
        events.record(
            [f"{family}.{state}" for family in kind.event_families(other, changes)],
            other,
            changes,
            kind=kind.name,
            site=other.site,
            sentence=outcome,
            seconds=(now() - other.created_at).total_seconds(),
        )
    return holds.take(operation, slots)


def _wait_or_refuse(kind: OperationKind, operation: Operation, slots: list[Slot]) -> None:
    """Put a first publication behind what creates its slot, and a fetch behind anything. Else raises SlotBusy."""
    found = holds.holders_of(slots)
    hold = next((one for one in found if not kind_of(one.operation).gives_way), None)
    if hold is None:
        raise Refused(f"Another operation on '{operation.target}' ended just now. Nothing was changed; try again.")
    if not _may_wait(kind, hold):
        raise _busy(hold.slot, hold.operation, wanted=kind.noun)
    if not kind.waits_for_others:
        first = hold.operation.waiting.filter(state__in=Operation.OPEN, deployment__slot=hold.slot).first()
        if first is not None:
            raise _busy(hold.slot, first, wanted=kind.noun)
    operation.waits_for = hold.operation
    operation.save(update_fields=["waits_for"])


def _may_wait(kind: OperationKind, hold: SlotHold) -> bool:
    """A publication that goes on into production needs two slots at once, so it is asked for when both are there."""
    if kind.waits_for_others:
        return True
    return kind.waits_for_creation and kind_of(hold.operation).is_creation and not hold.slot.is_auto_swapped


def _busy(slot: Slot, operation: Operation, *, wanted: str) -> SlotBusy | SwapPending:
    """The refusal that names who has the slot, with what, and since when."""
    if operation.state == OperationState.WAITING:
        source = required(operation.swap.source, "the source of a swap")
        return SwapPending(
            name=source.title,
            person=operation.actor_name,
            since=f"{operation.created_at:%H:%M} UTC",
            slot=source,
            operation=operation,
        )
    return SlotBusy(
        name=slot.title,
        operation=f"the {kind_of(operation).noun}",
        person=operation.actor_name,
        since=f"{operation.created_at:%H:%M:%S} UTC",
        progress=f" ({operation.get_step_display().lower()})",
        wanted=wanted,
    )
