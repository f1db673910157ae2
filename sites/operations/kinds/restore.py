"""What was deleted in the last seven days is made again."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange, Step
from sites.operations.kind import INTO_SERVICE, OperationKind
from sites.operations.wording import quoted, took


class Restore(OperationKind):
    """With content, settings and persistent folders."""

    name = "restore"
    noun = "restoration"
    doing = "Restoring '{target}'"
    busy = "Restoring"
    steps = (Step.RESTORING, *INTO_SERVICE)

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """As every kind."""
        return f"Restored {quoted(operation.target)} with its content and settings in {took(operation)}."


RESTORE = Restore()
