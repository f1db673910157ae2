"""A staging slot is deleted."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange, Step
from sites.operations import deleted_slots
from sites.operations.kind import Deletion
from sites.operations.wording import quoted


class DeleteStaging(Deletion):
    """Production is not touched."""

    name = "delete_staging"
    noun = "deletion of the staging site"
    doing = "Deleting '{target}'"
    steps = (Step.WITHDRAWN, Step.ROUTES_ACKNOWLEDGED)

    def on_success(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """Keep what a restoration needs, and delete the rest."""
        deleted_slots.keep(operation)
        deleted_slots.remove(change.held_slot for change in changes)

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """As every kind."""
        return f"Deleted {quoted(operation.target)}. Production was not touched."


DELETE_STAGING = DeleteStaging()
