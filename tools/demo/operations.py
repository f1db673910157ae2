"""Wait for operations, and place what they recorded on the clock of the load."""

import time
from datetime import UTC, datetime

from sites.models import Operation, OperationState
from tools.prober.analysis import Switch

POLL_SECONDS = 0.02
LIMIT_SECONDS = 600.0


class OperationFailed(Exception):
    """An operation of the story ended otherwise than it should have."""


def wait_for(operation: Operation, *, limit_seconds: float = LIMIT_SECONDS) -> Operation:
    """Until the operation has ended well. Raises OperationFailed with its sentence."""
    ends_at = time.monotonic() + limit_seconds
    while operation.is_open:
        if time.monotonic() > ends_at:
            raise OperationFailed(f"The {operation} is still at '{operation.get_step_display()}'.")
        time.sleep(POLL_SECONDS)
        operation.refresh_from_db()
    if operation.state != OperationState.SUCCEEDED:
        raise OperationFailed(f"The {operation} ended with: {operation.outcome}")
    return operation


def monotonic(moment: datetime) -> float:
    """The same moment on the monotonic clock of this machine."""
    return time.monotonic() - (datetime.now(UTC) - moment).total_seconds()


def switch_of(operation: Operation, requested_at: float, versions: dict[str, str]) -> Switch:
    """A swap that succeeded, for the analysis."""
    if operation.ended_at is None:
        raise OperationFailed(f"The {operation} has not ended.")
    return Switch(
        requested_at=requested_at,
        acknowledged_at=monotonic(operation.swap.acknowledged_at or operation.ended_at),
        succeeded_at=monotonic(operation.ended_at),
        versions=versions,
    )
