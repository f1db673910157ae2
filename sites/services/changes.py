"""Record what an operation is to change in slots, for the job that brings it about."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User
from django.db.models import QuerySet

from sites.models import Kind, Operation, Site, Slot, SlotChange
from sites.services import operations


def begin_change(
    *,
    kind: Kind,
    acting_user: User | None,
    site: Site,
    slots: Iterable[Slot],
    target: str,
    actor_name: str = "",
    counts: Mapping[int, int] | None = None,
    is_running: bool | None = None,
) -> Operation:
    """Begin an operation with one SlotChange per slot; what is not given stays as it is.

    `counts` are instance counts by slot id.

    To be called inside a transaction. Raises SlotBusy.
    """
    slots = list(slots)
    operation = operations.begin(
        kind=kind, acting_user=acting_user, site=site, slots=slots, target=target, actor_name=actor_name
    )
    SlotChange.objects.bulk_create(
        SlotChange(
            operation=operation,
            slot=slot,
            workload_before=slot.workload,
            workload_after=slot.workload,
            revision_before_id=slot.live_revision_id,
            deployment_after_id=slot.occupant.active_deployment_id,
            count_before=slot.instance_count,
            count_after=(counts or {}).get(slot.pk, slot.instance_count),
            was_running=slot.is_running,
            is_running_after=slot.is_running if is_running is None else is_running,
        )
        for slot in _as_held(slots)
    )
    return operation


def begin_removal(*, kind: Kind, acting_user: User, site: Site, slots: Iterable[Slot], target: str) -> Operation:
    """Begin an operation after which the slots are gone. To be called inside a transaction. Raises SlotBusy."""
    slots = list(slots)
    operation = operations.begin(kind=kind, acting_user=acting_user, site=site, slots=slots, target=target)
    SlotChange.objects.bulk_create(
        SlotChange(
            operation=operation,
            slot=slot,
            workload_before=slot.workload,
            revision_before_id=slot.live_revision_id,
            count_before=slot.instance_count,
            count_after=0,
            was_running=slot.is_running,
            is_running_after=False,
        )
        for slot in _as_held(slots)
    )
    return operation


def _as_held(slots: Iterable[Slot]) -> QuerySet[Slot]:
    """The slots as they are now that the operation holds them."""
    return Slot.objects.select_related("workload").filter(pk__in=[slot.pk for slot in slots]).order_by("pk")
