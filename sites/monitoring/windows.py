"""In which slot a revision stayed at which time: what it wrote and served then belongs to that slot."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from sites.logs.stamps import in_order
from sites.models import Revision, Stay
from sites.models.clock import now

KEPT_DAYS = 7
"""The runtime keeps the logs of a revision that has ended for so long."""
MAX_REVISIONS = 50
"""Of one slot, the newest."""
EVER = "~"
"""After every time, in the order of text."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which a revision belonged to a slot; both ends as stamps of log lines."""

    revision_id: int
    deployment: str
    """The short id of its deployment."""
    since: str
    until: str
    is_open: bool
    """Its instances may still write."""


def windows_of(slot_ids: Collection[int]) -> dict[int, list[Window]]:
    """By slot: the windows of its revisions of the last days, with the same number of queries for any number of slots.

    A revision belongs to the slot that it was prepared for until it stays in another one.
    """
    since = now() - timedelta(days=KEPT_DAYS)
    recent = Q(state__in=Revision.OPEN) | Q(created_at__gte=since) | Q(stays__ended_at__gte=since)
    found = (
        Revision.objects.filter(recent, Q(slot__in=slot_ids) | Q(stays__slot__in=slot_ids))
        .order_by("-pk")
        .distinct()
        .values_list("pk", "slot_id", "state", "deployment__public_id")[: MAX_REVISIONS * len(slot_ids)]
    )
    revisions = {pk: (slot_id, state, public_id) for pk, slot_id, state, public_id in found}
    stays: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = Stay.objects.filter(revision__in=revisions).order_by("began_at", "pk")
    for revision_id, slot_id, began_at in rows.values_list("revision_id", "slot_id", "began_at"):
        stays[revision_id].append((slot_id, in_order(began_at)))
    result: dict[int, list[Window]] = {slot_id: [] for slot_id in slot_ids}
    for pk, (own_slot, state, public_id) in revisions.items():
        for slot_id, begin, end in _spans(stays[pk] or [(own_slot, "")]):
            if slot_id in result:
                deployment = public_id.hex[:10] if public_id else ""
                result[slot_id].append(Window(pk, deployment, begin, end, state in Revision.OPEN))
    return result


def _spans(stays: list[tuple[int, str]]) -> list[tuple[int, str, str]]:
    """Slot, beginning and end of each: the first begins with the revision itself, each ends where the next begins."""
    begins = ["", *(began for _, began in stays[1:])]
    return [(slot_id, begin, end) for (slot_id, _), begin, end in zip(stays, begins, [*begins[1:], EVER], strict=True)]
