"""A web site gets a staging slot."""

from collections.abc import Sequence

from django.db.models import Q

from sites.models import Category, Operation, Slot, SlotChange, SlotSetting
from sites.operations import deleted_slots
from sites.operations.kind import OperationKind
from sites.operations.wording import quoted, took


class EnableStaging(OperationKind):
    """The new slot serves the placeholder."""

    name = "enable_staging"
    noun = "enabling of staged publishing"
    doing = "Enabling staged publishing for '{target}'"
    busy = "Creating"
    is_creation = True

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The slot goes again."""
        deleted_slots.remove(change.held_slot for change in changes)

    def failure(self, changes: Sequence[SlotChange]) -> str:
        """Says that there is nothing to tidy up."""
        return f"{quoted(changes[0].held_slot.title)} was not created. Production was not touched."

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Names the connection strings that the new slot has from production."""
        created = f"Enabled staged publishing: {quoted(operation.target)} was created in {took(operation)}."
        return created + _shared(changes[0].held_slot)


def _shared(staging: Slot) -> str:
    owned = Q(slot=staging) | Q(workload__slot=staging)
    rows = SlotSetting.objects.filter(owned, category=Category.CONNECTION_STRINGS)
    names = ", ".join(quoted(name) for name in rows.order_by("name").values_list("name", flat=True))
    return f" It shares these connection strings with production until they are changed: {names}." if names else ""


ENABLE_STAGING = EnableStaging()
