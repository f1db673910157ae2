"""One worker's turn at an operation: the operation with its kind and the changes of its slots, read once."""

import time
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sites.models import Operation, Site, SlotChange
from sites.operations.kind import OperationKind
from sites.operations.trail import Trail
from sites.planning import Entries


class Turn:
    """What the steps are given. It is gone when the worker gives the operation out of its hands."""

    def __init__(self, operation: Operation, kind: OperationKind, moment: datetime) -> None:
        """`moment` is the present one, by the database's clock."""
        self.operation = operation
        self.kind = kind
        self.trail = Trail(operation)
        self.is_fresh = False
        """Whether the operation has only just come to its step."""
        self.has_seen_instances = False
        """Whether this turn has seen all instances run that have to."""
        self._began_at, self._began = moment, time.monotonic()
        self._unsaved: dict[str, Any] = {}

    def now(self) -> datetime:
        """The present moment by the database's clock, which was read when the turn began."""
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)

    @property
    def seconds_at_step(self) -> float:
        """How long the operation has been at its step."""
        return (self.now() - self.operation.step_at).total_seconds()

    @property
    def site(self) -> Site:
        """The site, which stays as long as the operation is open. Raises ObjectDoesNotExist."""
        return self.operation.held_site

    @cached_property
    def changes(self) -> list[SlotChange]:
        """What the operation changes, one per slot; only the steps of this turn write them."""
        return list(self.operation.changes.loaded())

    @property
    def starting(self) -> list[SlotChange]:
        """Those after which a revision has to run."""
        return [change for change in self.changes if change.starts]

    @cached_property
    def entries(self) -> Entries:
        """The configuration entries of all slots and workloads; nobody changes them while the slots are held."""
        both = [pk for one in self.changes for pk in (one.workload_before_id, one.workload_after_id)]
        return Entries([one.held_slot.pk for one in self.changes], [pk for pk in both if pk is not None])

    def forget(self) -> None:
        """Read everything anew, because it may be otherwise by now."""
        for name in ("changes", "entries"):
            self.__dict__.pop(name, None)

    def keep(self, **before: object) -> None:
        """Write down what is about to be replaced; belongs to the transaction of a step."""
        self.operation.before = {**self.operation.before, **before}
        self._unsaved["before"] = self.operation.before

    def take_unsaved(self) -> dict[str, Any]:
        """Columns of the operation that were changed and not written."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved

    @property
    def what(self) -> str:
        """The operation as the beginning of a sentence."""
        return f"The {self.kind.noun}"

    @property
    def holds(self) -> str:
        """What is so after a failure before the switch, as a sentence."""
        return self.kind.failure(self.changes)
