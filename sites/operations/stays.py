"""Keeps the stays of revisions in slots; belongs to the transaction that changes a live revision."""

from collections.abc import Sequence
from datetime import datetime

from sites.models import Operation, Slot, Stay


def follow(slots: Sequence[Slot], moment: datetime, operation: Operation) -> None:
    """End the stays of what these slots no longer show, and begin those of what `operation` has them show now."""
    present = dict(Stay.objects.filter(slot__in=slots, ended_at=None).values_list("slot_id", "revision_id"))
    moved = [slot for slot in slots if present.get(slot.pk) != slot.live_revision_id]
    Stay.objects.filter(slot__in=[slot for slot in moved if slot.pk in present], ended_at=None).update(ended_at=moment)
    Stay.objects.bulk_create(
        Stay(slot=slot, revision_id=slot.live_revision_id, began_at=moment, operation=operation)
        for slot in moved
        if slot.live_revision_id
    )
