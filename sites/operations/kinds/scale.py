"""The number of a slot's instances changes."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange
from sites.operations.kind import OperationKind
from sites.operations.wording import instances, quoted


class Scale(OperationKind):
    """What is added is warm before visitors reach it; what is above the number ends its requests."""

    name = "scale"
    noun = "change of scale"
    doing = "Scaling '{target}'"
    busy = "Scaling"
    borrows_from_preview = True

    def apply(self, operation: Operation, changes: Sequence[SlotChange], *, count: int) -> None:
        """`count` is the new number."""
        for change in changes:
            change.count_after = count

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Says the number."""
        return f"{quoted(operation.target)} has {instances(changes[0].count_after)} now."


SCALE = Scale()
