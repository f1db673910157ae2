"""The number of a slot's instances changes."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange
from sites.operations.kind import Need, OperationKind
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

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """What serves goes on serving; what is added has to be as good."""
        return Need.NOTHING if is_in_service else Need.AS_BEFORE

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Says the number."""
        return f"{quoted(operation.target)} has {instances(changes[0].count_after)} now."


SCALE = Scale()
