"""Step WITHDRAWN: no host name leads to the slots that are deleted."""

from sites.models import HostName, Slot
from sites.operations import retention
from sites.operations.turn import Turn


def withdraw(turn: Turn) -> None:
    """Take the host names away; belongs to the transaction of the step."""
    slots = Slot.objects.select_for_update().filter(changes__operation=turn.operation).order_by("pk")
    for slot in slots:
        revision = slot.live_revision
        slot.live_revision = None
        slot.is_running = False
        slot.save(update_fields=["live_revision", "is_running"])
        if revision is not None:
            retention.drain(revision)
    retention.end_windows_of(slots)
    HostName.objects.filter(slot__changes__operation=turn.operation).delete()
    turn.site.touch_routes()
