"""A web site gets another mode: Free, Shared or Standard."""

from collections.abc import Mapping, Sequence

from sites.models import Operation, Site, SlotChange
from sites.operations.kind import Need, OperationKind
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
    ) -> None:
        """`mode` is the new one, `counts` are the numbers of instances by slot id."""
        site = operation.held_site
        operation.before = {"mode": site.mode}
        Site.objects.filter(pk=site.pk).update(mode=mode)
        site.touch_routes()  # custom domain names answer in some modes only
        for change in changes:
            change.count_after = (counts or {}).get(change.held_slot.pk, change.count_after)

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The former mode holds again."""
        Site.objects.filter(pk=operation.held_site.pk).update(mode=operation.before["mode"])
        operation.held_site.touch_routes()

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """What serves goes on serving; what is added has to be as good."""
        return Need.NOTHING if is_in_service else Need.AS_BEFORE

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Names the mode."""
        return f"{quoted(operation.target)} is in {operation.held_site.get_mode_display()} mode now."


CHANGE_MODE = ChangeMode()
