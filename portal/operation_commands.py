"""The commands of the operation logs: they act on the selected operation."""

from django.contrib.auth.models import User
from django.db.models import Prefetch
from django.urls import reverse

from portal.command_bar import Command
from portal.operation_query import OperationQuery
from sites.access import may_go_on
from sites.models import DeletedSlot, Operation
from sites.operations.kinds import kind_of

RESTORABLE = Prefetch("deleted_slots", DeletedSlot.objects.restorable())
"""What pages that show operations read of deleted slots."""


def kept_slot(operation: Operation) -> DeletedSlot | None:
    """What can be made again of an operation that deleted something; the first of its slots stands for all.

    Its `deleted_slots` are prefetched as `RESTORABLE`.
    """
    return next(iter(operation.deleted_slots.all()), None)


def log_commands(user: User, query: OperationQuery, selected: Operation | None) -> list[Command]:
    """DETAILS, RESTORE and EXPORT."""
    nothing = "" if selected else "Select an operation in the list first."
    details = reverse("operation", args=[selected.public_id]) if selected else ""
    return [
        Command("details", "Details", "info", details, "sheet", nothing),
        _restore(user, selected, nothing),
        Command("export", "Export CSV", "download", query.address("operation-export", page="", selected="")),
    ]


def _restore(user: User, selected: Operation | None, nothing: str) -> Command:
    reason = nothing
    if selected and kept_slot(selected) is None:
        reason = (
            f"Nothing is kept of '{selected.target}': it was restored, or deleted more than seven days ago. "
            "Select another deletion."
            if kind_of(selected).is_deletion
            else "This operation deleted nothing. Select a deletion."
        )
    elif selected and not may_go_on(user, selected):
        reason = f"You may look at '{selected.target}' but not change it. Ask an owner for the role."
    address = reverse("operation-restore", args=[selected.public_id]) if selected else ""
    return Command("restore", "Restore", "restart", address, "ask", reason)
