"""A stopped slot is started."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange
from sites.operations.kind import OperationKind
from sites.operations.wording import quoted, took


class Start(OperationKind):
    """Its instances are warm before visitors reach them."""

    name = "start"
    noun = "start"
    doing = "Starting '{target}'"
    busy = "Starting"

    def apply(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """It is to run."""
        for change in changes:
            change.is_running_after = True

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """As every kind."""
        return f"Started {quoted(operation.target)} in {took(operation)}."


START = Start()
