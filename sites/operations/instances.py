"""Orders to the runtime, and what it reports of instances, written down."""

from collections.abc import Iterable

from sites.errors import StaleOrder
from sites.models import Instance, Revision
from sites.planning import spec_of
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState, InstanceStatus


def order(revision: Revision) -> None:
    """Say to the runtime what is wanted, by an order that is newer than any that it has had. Raises OutOfMemory."""
    try:
        get_runtime().apply(spec_of(revision))
    except StaleOrder:  # the database is older than what the runtime remembers; the next look orders again
        revision.generation += 1
        revision.save(update_fields=["generation"])


def is_ordered(revision: Revision, statuses: Iterable[InstanceStatus]) -> bool:
    """The runtime knows every instance by the revision's last order, so giving it again would change nothing."""
    known = {
        status.ordinal
        for status in statuses
        if status.revision_id == revision.pk
        and status.generation == revision.generation
        and status.state != InstanceState.STOPPING
    }
    return known >= set(range(revision.wanted_count))


def record(statuses: Iterable[InstanceStatus]) -> None:
    """Write what the runtime reports; only what has changed is written."""
    statuses = list(statuses)
    rows = {
        (row.revision_id, row.ordinal): row
        for row in Instance.objects.filter(revision__in={status.revision_id for status in statuses}).order_by()
    }
    for status in statuses:
        row = rows.get((status.revision_id, status.ordinal))
        if row is None:
            continue
        seen = {
            "address": status.address,
            "port": status.port,
            "observed_state": status.state,
            "restarts": status.restarts,
            "exit_code": status.exit_code,
            "is_failing": status.is_failing,
            "end_reason": status.reason,
            "written_places": list(status.written.places),
            "written_more": status.written.more,
        }
        if any(getattr(row, name) != value for name, value in seen.items()):
            Instance.objects.filter(pk=row.pk).update(**seen)
