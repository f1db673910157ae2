"""The events that tell of an operation."""

from collections.abc import Iterable, Sequence

from sites.events import recording
from sites.events.types import TYPES
from sites.models import Operation, Site, SlotChange


def record(
    names: Sequence[str],
    operation: Operation,
    changes: Iterable[SlotChange],
    *,
    kind: str,
    site: Site | None,
    sentence: str,
    seconds: float,
    error_code: str = "",
) -> None:
    """One event of each type, `seconds` after the operation was begun; belongs to the transaction of what it tells."""
    if operation.subscription_id is None or not names:
        return
    recording.record(
        [TYPES[name] for name in names],
        subscription=operation.subscription_id,
        site=site,
        subject=operation.target,
        sentence=sentence,
        data={
            "operation": str(operation.public_id),
            "operation_kind": kind,
            "slots": [change.slot.name for change in changes if change.slot],
            "actor": operation.actor_name,
            "code": error_code,
            "seconds": round(seconds, 3),
        },
    )
