"""What was deleted in the last seven days is made again."""

from collections.abc import Sequence

from sites.models import DeletedSlot, Operation, Site, SlotChange, Step
from sites.operations import deleted_slots
from sites.operations.kind import INTO_SERVICE, Need, OperationKind
from sites.operations.wording import quoted, took


class Restore(OperationKind):
    """With content, settings and persistent folders."""

    name = "restore"
    noun = "restoration"
    doing = "Restoring '{target}'"
    busy = "Restoring"
    is_creation = True
    steps = (Step.RESTORING, *INTO_SERVICE)

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """An application that does not start any more can be fixed only where it is."""
        return Need.ATTEMPTED

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """What was made again goes, and can be restored once more."""
        restored = DeletedSlot.objects.filter(restored_by=operation)
        if restored.filter(is_production=True).exists():
            Site.objects.filter(pk=operation.held_site.pk).delete()
        else:
            deleted_slots.remove(change.held_slot for change in changes)
        restored.update(restored_by=None)

    def failure(self, changes: Sequence[SlotChange]) -> str:
        """Says that nothing is lost."""
        return f"{quoted(changes[0].held_slot.title)} is kept as it was and can be restored again."

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """As every kind."""
        return f"Restored {quoted(operation.target)} with its content and settings in {took(operation)}."


RESTORE = Restore()
