"""What the runtime reports of instances, written down."""

from collections.abc import Iterable

from sites.models import Instance
from sites.runtime.spec import InstanceStatus


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
