"""Ask for a swap, and say beforehand what it will do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from sites import access, capacity, tasks
from sites.errors import NothingPublished, NotSwappable, Refused, SameSlot, SlotStopped
from sites.models import Deployment, HostNameKind, Operation, OperationState, Slot, Step, Swap
from sites.operations.kinds import kind_of
from sites.operations.kinds.swap import SWAP
from sites.plain_text import one_line
from sites.services import requests


@dataclass(frozen=True, slots=True)
class Address:
    """One address in a swap: what it serves now and what it will serve."""

    host: str
    slot: str
    serves_now: str
    will_serve: str
    is_production: bool


@dataclass(frozen=True, slots=True)
class SwapDescription:
    """What the confirmation shows; the same from either side: production comes first."""

    source: Slot
    target: Slot
    addresses: tuple[Address, ...]


def partners(slot: Slot) -> list[Slot]:
    """What a slot can be swapped with: production for a staging slot, every staging slot for production."""
    return [other for other in slot.site.slots.all() if other.is_production != slot.is_production]


def partner(slot: Slot) -> Slot | None:
    """The other side of a swap; where there are several, the first that can be swapped now."""
    others = partners(slot)
    return next((other for other in others if why_not_swap(slot, other) is None), others[0] if others else None)


def why_not_swap(source: Slot, target: Slot) -> Refused | None:
    """What keeps the two slots from being swapped now, busy slots aside."""
    if source.pk == target.pk:
        return SameSlot(name=source.title, other="itself")
    if source.site_id != target.site_id or source.is_production == target.is_production:
        return SameSlot(name=source.title, other=f"'{target.title}'")
    site = source.site
    if not site.is_standard:
        return NotSwappable(name=site.name, mode=site.get_mode_display())
    for slot in (source, target):
        if not slot.is_running:
            return SlotStopped(name=slot.title)
    for slot in (source, target):
        if not slot.is_production and slot.current_workload.active_deployment_id is None:
            return NothingPublished(name=slot.title, slot=slot.name)
    return None


def why_not_swap_into(source: Slot, target: Slot) -> Refused | None:
    """As `why_not_swap`, for a source whose content is only being published."""
    refusal = why_not_swap(source, target)
    return None if isinstance(refusal, NothingPublished) else refusal


def describe_swap(source: Slot, target: Slot) -> SwapDescription:
    """For each address what it serves now and what it will serve; identical from either side."""
    first, second = sorted((source, target), key=lambda slot: not slot.is_production)
    content = {slot.pk: _content(slot) for slot in (first, second)}
    addresses = tuple(
        Address(host.name, slot.title, content[slot.pk], content[other.pk], slot.is_production)
        for slot, other in ((first, second), (second, first))
        for host in slot.host_names.exclude(kind=HostNameKind.PUBLISHING)
    )
    return SwapDescription(source, target, addresses)


def _content(slot: Slot) -> str:
    return content_name(slot.workload.active_deployment if slot.workload else None)


def content_name(deployment: Deployment | None) -> str:
    """What a deployment is called where it is told what an address serves."""
    return f"{one_line(deployment.message)} ({deployment.short_id})" if deployment else "the placeholder page"


def request_swap(
    *,
    acting_user: User,
    source: Slot,
    target: Slot,
    with_preview: bool = False,
    only_if: Callable[..., None] | None = None,
) -> Operation:
    """seed: Swap; the same from either slot. Raises NotSwappable, SlotStopped, NothingPublished, SlotBusy.

    With a preview the source's address first shows what the target will serve, under the target's settings,
    and everything waits there until `complete_swap` or `cancel`. `only_if` raises the refusal of a condition; it is
    called with both slots as they are once they are held, so that what it reads does not change any more.
    """
    source = access.slot_for_change(acting_user, source)
    target = access.slot_for_change(acting_user, target)
    refusal = why_not_swap(source, target)
    if refusal is not None:
        raise refusal
    with transaction.atomic():
        return requests.begin(
            SWAP,
            acting_user=acting_user,
            site=source.site,
            slots=[source, target],
            target=source.site.name,
            only_if=only_if,
            is_preview=with_preview,
        )


def pending_swap(slot: Slot) -> Operation | None:
    """The preview that the slot takes part in and that waits for a person, also while it has lent its hold."""
    hold = getattr(slot, "hold", None)
    if hold is None:
        return None
    operation = hold.operation.borrowed_from or hold.operation
    return operation if operation.state == OperationState.WAITING else None


def preview_ends_at(operation: Operation) -> datetime | None:
    """When a preview is cancelled automatically; None for an operation that shows none."""
    began = next((step.started_at for step in operation.steps.all() if step.step == Step.PREPARED), None)
    return began + timedelta(hours=settings.PREVIEW_HOURS) if began else None


def complete_swap(*, acting_user: User, operation: Operation) -> Operation:
    """Let a previewed swap go on; what is missing by now is started and warmed up first."""
    operation = access.get_operation_for_change(acting_user, operation.public_id)
    with transaction.atomic():
        # First, because it locks the row: whoever borrows a hold of it now waits, and is then refused
        if not operation.transition(OperationState.WAITING, OperationState.RUNNING, step=Step.REQUESTED, due_at=Now()):
            raise Refused(
                f"The swap of '{operation.target}' does not wait for its completion: "
                f"{operation.get_state_display().lower()}. Reload the page to see it as it is."
            )
        lent = operation.borrowers.filter(state__in=Operation.OPEN).first()
        if lent is not None:
            raise Refused(
                f"The swap of '{operation.target}' cannot be completed while the {kind_of(lent).noun} of "
                f"{lent.actor_name} goes on; it stays prepared. Complete it when that has ended."
            )
        Swap.objects.filter(operation=operation).update(complete_requested_at=Now())
        _take_present_counts(operation)
        capacity.ensure_fits(operation, operation.changes.loaded())
        tasks.enqueue_on_commit(operation)
        return operation


def _take_present_counts(operation: Operation) -> None:
    """Production may have been scaled during the preview."""
    for change in operation.changes.select_related("slot"):
        change.count_before = change.count_after = change.held_slot.instance_count
        change.save(update_fields=["count_before", "count_after"])
