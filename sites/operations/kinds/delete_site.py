"""A web site is deleted, with all its slots."""

from collections.abc import Sequence

from sites.models import Operation, Site, SlotChange, Step
from sites.operations import deleted_slots
from sites.operations.kind import Deletion
from sites.operations.wording import quoted


class DeleteSite(Deletion):
    """First no host name leads there, then open requests end, then everything goes."""

    name = "delete_site"
    noun = "deletion"
    doing = "Deleting web site '{target}'"
    steps = (Step.WITHDRAWN, Step.ROUTES_ACKNOWLEDGED, Step.STOPPING)

    def on_success(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """Keep what a restoration needs, and delete the rest."""
        deleted_slots.keep(operation)
        Site.objects.filter(operations=operation).delete()

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """As every kind."""
        return f"Deleted web site {quoted(operation.target)} with its slots."


DELETE_SITE = DeleteSite()
