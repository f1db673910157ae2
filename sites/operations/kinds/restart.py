"""A slot's instances are replaced by new ones of the same content and settings."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange, Workload
from sites.operations.kind import OperationKind
from sites.operations.wording import quoted, took


class Restart(OperationKind):
    """The new ones are warm before the old ones end."""

    name = "restart"
    noun = "restart"
    doing = "Restarting '{target}'"
    busy = "Restarting"

    def apply(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """Another number in the fingerprint asks for new instances."""
        for change in changes:
            workload = change.occupant_after
            operation.before = {"restarts": workload.restarts}
            workload.restarts += 1
            workload.save(update_fields=["restarts"])

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The instances that go on are again those that are wanted."""
        for change in changes:
            Workload.objects.filter(slot=change.held_slot).update(restarts=operation.before["restarts"])

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """As every kind."""
        return f"Restarted {quoted(operation.target)} in {took(operation)}; no request was lost."


RESTART = Restart()
