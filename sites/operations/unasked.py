"""Begin an operation that nobody has asked for."""

from collections.abc import Sequence
from typing import Any

from sites.models import Operation, Site, Slot, SlotChange
from sites.operations import holds
from sites.operations.kind import OperationKind


def begin(
    kind: OperationKind, *, actor_name: str, site: Site, slots: Sequence[Slot], target: str, **asked: Any
) -> Operation | None:
    """Begin an operation on `slots`, to be enqueued once it is committed; `asked` is what `kind.apply` takes.

    Belongs in a transaction. None when another operation has one of the slots; the caller takes everything back then.
    """
    operation = Operation.objects.create(
        kind=kind.name, site=site, subscription=site.subscription, target=target, actor_name=actor_name
    )
    if not holds.take(operation, slots):
        return None
    changes = holds.unchanged(operation, slots)
    kind.apply(operation, changes, **asked)
    operation.save(update_fields=["before"])
    SlotChange.objects.bulk_create(changes)
    return operation
