"""Record what an operation is to change in slots, for the job that brings it about."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User

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
    for held in slots:
        slot = Slot.objects.select_related("workload__active_deployment").get(pk=held.pk)  # as it is under the hold
        SlotChange.objects.create(
            operation=operation,
            slot=slot,
            workload_before=slot.workload,
            workload_after=slot.workload,
            revision_before=slot.live_revision,
            deployment_after=slot.occupant.active_deployment,
            count_before=slot.instance_count,
            count_after=(counts or {}).get(slot.pk, slot.instance_count),
            was_running=slot.is_running,
            is_running_after=slot.is_running if is_running is None else is_running,
        )
    return operation


def begin_removal(*, kind: Kind, acting_user: User, site: Site, slots: Iterable[Slot], target: str) -> Operation:
    """Begin an operation after which the slots are gone. To be called inside a transaction. Raises SlotBusy."""
    slots = list(slots)
    operation = operations.begin(kind=kind, acting_user=acting_user, site=site, slots=slots, target=target)
    for slot in Slot.objects.filter(pk__in=[slot.pk for slot in slots]):
        SlotChange.objects.create(
            operation=operation,
            slot=slot,
            workload_before=slot.workload,
            revision_before=slot.live_revision,
            count_before=slot.instance_count,
            count_after=0,
            was_running=slot.is_running,
            is_running_after=False,
        )
    return operation
