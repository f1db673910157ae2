"""A slot is stopped."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange
from sites.operations.kind import OperationKind
from sites.operations.wording import quoted


class Stop(OperationKind):
    """Visitors get a page that says so; open requests end first."""

    name = "stop"
    noun = "stop"
    doing = "Stopping '{target}'"
    busy = "Stopping"
    borrows_from_preview = True
    ends_preview = True

    def apply(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """It is not to run."""
        for change in changes:
            change.is_running_after = False

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Says what visitors see."""
        return f"Stopped {quoted(operation.target)}; visitors get a page that says so."


STOP = Stop()
