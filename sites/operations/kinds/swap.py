"""Two slots exchange what runs in them."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange, Step, Swap
from sites.operations.kind import INTO_SERVICE, Need, OperationKind
from sites.operations.wording import quoted, took

PREVIEW = (*INTO_SERVICE[: INTO_SERVICE.index(Step.SWITCHED)], Step.PREPARED)


class SwapKind(OperationKind):
    """At once, or after a preview that a person completes."""

    name = "swap"
    noun = "swap"
    doing = "Swapping the deployments of '{target}'"
    busy = "Swapping"
    event_family = "swap"
    opens_window = True

    def steps_of(self, operation: Operation) -> Sequence[Step]:
        """Those of a preview until it is to be completed."""
        swap = operation.swap
        return PREVIEW if swap.is_preview and swap.complete_requested_at is None else INTO_SERVICE

    def steps_before(self, operation: Operation) -> Sequence[Step]:
        """The source's address shows the preview until the switch."""
        return () if operation.swap.complete_requested_at is None else PREVIEW

    def apply(
        self,
        operation: Operation,
        changes: Sequence[SlotChange],
        *,
        is_preview: bool = False,
    ) -> None:
        """`is_preview`: the source's address first shows what the target will serve."""
        one, other = changes
        one.exchange_with(other)
        source, target = (other, one) if one.held_slot.is_production else (one, other)
        Swap.objects.create(operation=operation, source=source.slot, target=target.slot, is_preview=is_preview)

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """What leaves production has to be as good in the other slot as it is now."""
        if change.held_slot.is_production:
            return Need.ANSWERING
        return Need.NOTHING if is_in_service else Need.AS_BEFORE

    def title_of(self, operation: Operation) -> str:
        """Says whether it was previewed."""
        return "Swap with preview" if operation.swap.is_preview else self.title

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Names both slots."""
        names = " and ".join(quoted(change.slot.title) for change in changes if change.slot)
        return f"Swapped {names} in {took(operation)}."

    def failure(self, changes: Sequence[SlotChange]) -> str:
        """Which is what people ask first."""
        return "Production was not touched."


SWAP = SwapKind()
