"""One row of the list of web sites."""

from dataclasses import dataclass
from functools import cached_property

from portal.command_bar import slot_address
from sites.models import Deployment, Operation, OperationState, Rest, Site, Slot
from sites.operations.kinds import kind_of

PREPARED = "Prepared for swap"
RESTING: dict[str, str] = {Rest.UNLOADED: "Unloaded", Rest.LOADING: "Starting"}
"""What a slot says of itself that lost its instances because nobody came."""


@dataclass(frozen=True)
class Row:
    """A slot in the list. `is_open` is None where there is no branch to open."""

    slot: Slot
    is_selected: bool
    is_open: bool | None
    operation: Operation | None
    failing: int = 0
    """How many of its instances end again and again."""
    rest: str = Rest.LOADED
    """Whether its live revision has its instances."""

    @property
    def key(self) -> str:
        """How the address names the row."""
        return f"{self.slot.site.name}/{self.slot.name}"

    @property
    def is_prepared(self) -> bool:
        """Whether the slot takes part in a swap that waits for a person."""
        return self.operation is not None and self.operation.state == OperationState.WAITING

    @cached_property
    def status(self) -> str:
        """What the slot does, in a word or two."""
        if self.is_prepared:
            return PREPARED
        if self.operation:
            return kind_of(self.operation).busy
        if self.slot.is_in_maintenance:
            return "Under maintenance"
        if not self.slot.is_running:
            return "Stopped"
        if self.rest in RESTING:
            return RESTING[self.rest]
        if not self.failing:
            return "Running"
        count = self.slot.instance_count
        return "Failing" if self.failing >= count else f"Running, {self.failing} of {count} failing"

    @cached_property
    def mood(self) -> str:
        """Which sign stands before the status: prepared, busy, stopped, failure or running."""
        if self.is_prepared:
            return "prepared"
        if self.operation:
            return "busy"
        if not self.slot.is_running or self.slot.is_in_maintenance:
            return "stopped"
        return "failure" if self.failing else "running"

    @cached_property
    def address(self) -> str:
        """The address that visitors call."""
        return slot_address(self.slot)

    @property
    def host(self) -> str:
        """The address as it is shown."""
        return self.address.removeprefix("http://").removesuffix("/")

    @property
    def deployment(self) -> Deployment | None:
        """What is served there."""
        return self.slot.workload.active_deployment if self.slot.workload else None


def rows_of(site: Site, *, is_open: bool, selected: str) -> list[Row]:
    """The site's production row, followed by those of its other slots where its branch is open."""
    slots = sorted(site.slots.all(), key=lambda slot: (not slot.is_production, slot.name))
    branch = is_open if len(slots) > 1 else None
    rows = []
    for slot in slots if branch else slots[:1]:
        hold = getattr(slot, "hold", None)
        operation = hold.operation if hold and hold.operation.is_open else None
        is_selected = f"{site.name}/{slot.name}" == selected
        failing = getattr(slot, "failing_count", 0)
        rest = getattr(slot, "rest", None) or Rest.LOADED
        rows.append(Row(slot, is_selected, branch if slot.is_production else None, operation, failing, rest))
    return rows
