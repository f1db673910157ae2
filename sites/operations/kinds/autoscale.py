"""The number of a slot's instances changes by its own rule."""

from collections.abc import Sequence

from sites.models import Autoscale, Operation, SlotChange
from sites.models.clock import now
from sites.operations.kinds.scale import Scale
from sites.operations.wording import instances, quoted

REASON = "reason"


class AutoscaleKind(Scale):
    """As when a person changes the number, with a reason; and it never stands in a person's way."""

    name = "autoscale"
    noun = "automatic scale"
    doing = "Scaling '{target}' automatically"
    borrows_from_preview = False
    gives_way = True

    def apply(self, operation: Operation, changes: Sequence[SlotChange], *, count: int, reason: str = "") -> None:
        """`reason` is why, as a part of a sentence."""
        super().apply(operation, changes, count=count)
        operation.before = {REASON: reason}

    def on_success(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The next decision counts its time from now, a moment that is found again as it was written."""
        Autoscale.objects.filter(slot__in=[change.slot_id for change in changes]).update(changed_at=now())

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Says the numbers and why."""
        before, after = changes[0].count_before, changes[0].count_after
        return f"{quoted(operation.target)} has {instances(after)} now, before {before}: {self.reason(operation)}."

    def failure(self, changes: Sequence[SlotChange]) -> str:
        """Says what was wanted."""
        return f"It was to have {instances(changes[0].count_after)}. {super().failure(changes)}"

    def reason(self, operation: Operation) -> str:
        """Why it was decided."""
        return str(operation.before.get(REASON, "its rule said so"))


AUTOSCALE = AutoscaleKind()
