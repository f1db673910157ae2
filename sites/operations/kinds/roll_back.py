"""The last swap of a web site is undone."""

from collections.abc import Callable, Sequence

from sites.models import Deployment, Operation, OperationState, SlotChange, Swap
from sites.operations.kind import Need, OperationKind
from sites.operations.wording import now_served, took

Unaltered = tuple[Deployment | None, list[list[str]]]
"""A deployment and the settings that travelled with it, as [category, name, value]."""


class RollBack(OperationKind):
    """Production gets back what staging holds, as it is there now or unaltered."""

    name = "roll_back"
    noun = "roll-back"
    doing = "Rolling back the last swap of '{target}'"
    busy = "Rolling back"
    event_family = "roll_back"
    is_roll_back = True

    def apply(
        self,
        operation: Operation,
        changes: Sequence[SlotChange],
        *,
        unaltered: Callable[[], Unaltered | None],
    ) -> None:
        """`unaltered` gives, under the holds, what production is to be given back; None: what staging holds."""
        former = unaltered()
        one, other = changes
        one.exchange_with(other)
        source, target = (other, one) if one.held_slot.is_production else (one, other)
        Swap.objects.create(operation=operation, source=source.slot, target=target.slot)
        if former is not None:
            target.deployment_after, settings = former
            operation.before = {"settings": target.occupant_after.travelling_settings()}
            target.occupant_after.replace_settings(settings)

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The altered settings are in force again."""
        if "settings" in operation.before:
            target = next(change for change in changes if change.held_slot.is_production)
            target.occupant_after.replace_settings(operation.before["settings"])

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """What a person rolls back from may be what answers nothing."""
        if change.held_slot.is_production:
            return Need.ANSWERING
        return Need.NOTHING if is_in_service else Need.ATTEMPTED

    def is_warm_if_kept(self) -> bool:
        """Which makes it instant."""
        return True

    def on_success(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """The swap that was undone names the roll-back that undid it."""
        done = Swap.objects.filter(operation__site=operation.site, operation__state=OperationState.SUCCEEDED)
        undone = done.exclude(operation__kind=self.name).order_by("-switched_at")
        Swap.objects.filter(pk__in=undone.values("pk")[:1], rolled_back_by=None).update(rolled_back_by=operation)

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Says what serves, and names the settings that were set back."""
        return f"Rolled back in {took(operation)}: {now_served(changes)}.{_set_back(operation, changes)}"

    def failure(self, changes: Sequence[SlotChange]) -> str:
        """Which is what people ask first."""
        return "Production was not touched."


def _set_back(operation: Operation, changes: Sequence[SlotChange]) -> str:
    if "settings" not in operation.before:
        return ""
    target = next(change for change in changes if change.held_slot.is_production)
    former = _by_name(operation.before["settings"])
    now = _by_name(target.occupant_after.travelling_settings())
    changed = sorted(key[1] for key in former.keys() | now.keys() if former.get(key) != now.get(key))
    return f" Set back to what they were: {', '.join(changed)}." if changed else ""


def _by_name(settings: list[list[str]]) -> dict[tuple[str, str], str]:
    return {(category, name): value for category, name, value in settings}


ROLL_BACK = RollBack()
