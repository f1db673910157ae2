"""The instances of a web site get another size: other limits for processor and memory."""

from collections.abc import Mapping, Sequence

from sites.models import ChosenSize, Operation, SlotChange
from sites.operations.kind import Need, OperationKind
from sites.operations.sizing import give_size, take_size_back
from sites.operations.wording import quoted


class ChangeSize(OperationKind):
    """Instances of the new size are warm before those of the old one end."""

    name = "change_size"
    noun = "change of the instance size"
    doing = "Changing the instance size of '{target}'"
    busy = "Changing size"
    ends_windows = True

    def apply(
        self,
        operation: Operation,
        changes: Sequence[SlotChange],
        *,
        size: ChosenSize,
        counts: Mapping[int, int] | None = None,
    ) -> None:
        """`size` is the new one, `counts` are new numbers of instances by slot id."""
        operation.before = give_size(operation, changes, size)
        for change in changes:
            change.count_after = (counts or {}).get(change.held_slot.pk, change.count_after)

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The former size holds again."""
        take_size_back(operation)

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """An application that was broken before may be broken with another size."""
        return Need.NOTHING if is_in_service else Need.AS_BEFORE

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Names the size."""
        return f"Instance size of {quoted(operation.target)}: {operation.held_site.size.words}."


CHANGE_SIZE = ChangeSize()
