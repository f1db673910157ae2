"""What is chosen on the Scale tab beside what is saved."""

from dataclasses import dataclass

from django.http import QueryDict

from sites.models import Mode, Operation, Slot


@dataclass(frozen=True)
class ModeOption:
    """One segment of WEB SITE MODE."""

    mode: Mode
    is_chosen: bool
    is_saved: bool


@dataclass(frozen=True)
class ScaleChoice:
    """Mode and count as saved and as chosen; what differs is not saved yet."""

    saved_mode: Mode
    mode: Mode
    saved_count: int
    count: int

    @property
    def options(self) -> list[ModeOption]:
        """The three segments."""
        return [ModeOption(mode, mode == self.mode, mode == self.saved_mode) for mode in Mode]

    @property
    def is_mode_changed(self) -> bool:
        """Whether another mode is chosen than the saved one."""
        return self.mode != self.saved_mode

    @property
    def is_count_changed(self) -> bool:
        """Whether another count is chosen than the saved one."""
        return self.count != self.saved_count

    @property
    def most(self) -> int:
        """The highest count of the chosen mode."""
        return self.mode.max_instances


def read_choice(slot: Slot, operation: Operation | None, query: QueryDict) -> ScaleChoice:
    """The choice that the address makes; what it leaves out, or says wrongly, is as saved.

    A count that an open operation is bringing about counts as saved.
    """
    saved_mode = Mode(slot.site.mode)
    change = operation.changes.filter(slot=slot).first() if operation else None
    saved_count = change.count_after if change and change.count_after else slot.instance_count
    mode = next((mode for mode in Mode if mode.value == query.get("mode")), saved_mode)
    wanted = query.get("count", "")
    counts = {str(count): count for count in range(1, mode.max_instances + 1)}
    count = counts.get(wanted, saved_count)
    return ScaleChoice(saved_mode, mode, saved_count, min(count, mode.max_instances))
