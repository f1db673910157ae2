"""A web site is created, with what it is to serve."""

from collections.abc import Sequence

from sites.models import Deployment, Operation, Site, SlotChange, Step
from sites.operations.kind import INTO_SERVICE, WITH_BUILD, OperationKind, Queue
from sites.operations.wording import quoted, took


class CreateSite(OperationKind):
    """Its slots serve the placeholder, the sample, or an upload that is built first."""

    name = "create_site"
    noun = "creation"
    doing = "Creating web site '{target}'"
    busy = "Creating"
    is_creation = True

    def steps_of(self, operation: Operation) -> Sequence[Step]:
        """An upload is built like a publication."""
        return WITH_BUILD if _has_upload(operation) else INTO_SERVICE

    def queue_of(self, operation: Operation) -> Queue:
        """As a publication, where it has to build."""
        return Queue.WORK if _has_upload(operation) else Queue.CONTROL

    def apply(
        self,
        operation: Operation,
        changes: Sequence[SlotChange],
        *,
        upload: Deployment | None = None,
    ) -> None:
        """`upload` goes into the production slot."""
        if upload is not None:
            next(change for change in changes if change.held_slot.is_production).bring(upload)

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The web site goes again, also one whose upload could not be built: it would serve nothing."""
        Site.objects.filter(pk=operation.held_site.pk).delete()

    def failure(self, changes: Sequence[SlotChange]) -> str:
        """Says that it can be created once more."""
        return f"{quoted(changes[0].held_slot.site.name)} was not created; its name is free."

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """As every kind."""
        return f"Created web site {quoted(operation.target)} in {took(operation)}."


def _has_upload(operation: Operation) -> bool:
    return Deployment.objects.filter(operation=operation).exists()


CREATE_SITE = CreateSite()
