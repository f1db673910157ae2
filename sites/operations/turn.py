"""One worker's turn at an operation: the operation with its kind and the changes of its slots, read once."""

from functools import cached_property

from sites.models import Operation, Site, SlotChange
from sites.operations.kind import OperationKind


class Turn:
    """What the steps are given. It is gone when the worker gives the operation out of its hands."""

    def __init__(self, operation: Operation, kind: OperationKind) -> None:
        self.operation = operation
        self.kind = kind
        self.is_fresh = False
        """Whether the operation has only just come to its step."""

    @property
    def site(self) -> Site:
        """The site, which stays as long as the operation is open. Raises ObjectDoesNotExist."""
        return self.operation.held_site

    @cached_property
    def changes(self) -> list[SlotChange]:
        """What the operation changes, one per slot; only the steps of this turn write them."""
        return list(self.operation.changes.loaded())

    def forget(self) -> None:
        """Read the changes anew when they are asked for again."""
        self.__dict__.pop("changes", None)

    @property
    def starting(self) -> list[SlotChange]:
        """Those after which a revision has to run."""
        return [change for change in self.changes if change.starts]

    @property
    def what(self) -> str:
        """The operation as the beginning of a sentence."""
        return f"The {self.kind.noun}"

    @property
    def holds(self) -> str:
        """What is so after a failure before the switch, as a sentence."""
        return self.kind.failure(self.changes)
