"""Deleting slots and sites: first no host name leads there, then open requests end, then everything goes."""

from sites.models import HostName, Kind, Operation, Revision, Site, Slot, Workload
from sites.operations import deleted_slots, retention
from sites.operations.procedure import Progress


def withdraw(operation: Operation) -> None:
    """Take the host names away; belongs to the transaction of the step."""
    slots = Slot.objects.select_for_update().filter(changes__operation=operation).order_by("pk")
    for slot in slots:
        revision = slot.live_revision
        slot.live_revision = None
        slot.is_running = False
        slot.save(update_fields=["live_revision", "is_running"])
        if revision is not None:
            retention.drain(revision)
    retention.end_windows_of(slots)
    HostName.objects.filter(slot__changes__operation=operation).delete()
    operation.held_site.touch_routes()


def wait_until_ended(operation: Operation) -> Progress:
    """Until the site's last instance has ended; the drain limits bound it."""
    left = Revision.objects.filter(site=operation.site, state__in=Revision.OPEN).count()
    return Progress(left == 0, f"{left} revisions still end their requests" if left else "all instances have ended")


def remove_rows(operation: Operation) -> None:
    """Keep what a restoration needs, and delete the rest; belongs to the transaction that ends the operation."""
    deleted_slots.keep(operation)
    if operation.kind == Kind.DELETE_SITE:
        Site.objects.filter(operations=operation).delete()
        return
    slots = Slot.objects.filter(changes__operation=operation)
    workloads = list(slots.values_list("workload_id", flat=True))
    slots.delete()
    Workload.objects.filter(pk__in=workloads).delete()
