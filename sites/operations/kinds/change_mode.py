"""A web site gets another mode: Free, Shared or Standard."""

from collections.abc import Mapping, Sequence

from sites.models import ChosenSize, Operation, Site, SlotChange
from sites.operations.kind import Need, OperationKind
from sites.operations.sizing import give_size, take_size_back
from sites.operations.wording import quoted


class ChangeMode(OperationKind):
    """Instances above the new mode's limit end their requests."""

    name = "change_mode"
    noun = "change of mode"
    doing = "Changing the mode of '{target}'"
    busy = "Changing mode"
    ends_windows = True

    def apply(
        self,
        operation: Operation,
        changes: Sequence[SlotChange],
        *,
        mode: str,
        counts: Mapping[int, int] | None = None,
        size: ChosenSize | None = None,
    ) -> None:
        """`mode` is the new one, `counts` are the numbers of instances by slot id, `size` is theirs if it changes."""
        site = operation.held_site
        operation.before = {"mode": site.mode} | (give_size(operation, changes, size) if size else {})
        Site.objects.filter(pk=site.pk).update(mode=mode)
        site.touch_routes()  # custom domain names answer in some modes only
        for change in changes:
            change.count_after = (counts or {}).get(change.held_slot.pk, change.count_after)

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The former mode holds again, and the former size."""
        Site.objects.filter(pk=operation.held_site.pk).update(mode=operation.before["mode"])
        take_size_back(operation)
        operation.held_site.touch_routes()

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """What serves goes on serving; what is added has to be as good."""
        return Need.NOTHING if is_in_service else Need.AS_BEFORE

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Names the mode, and the size that came with it."""
        site = operation.held_site
        size = f" Each instance is {site.size.words}." if "instance_size" in operation.before else ""
        return f"{quoted(operation.target)} is in {site.get_mode_display()} mode now.{size}"


CHANGE_MODE = ChangeMode()
