"""The newest commit of a repository elsewhere is published to the slot that is connected to it."""

from collections.abc import Sequence

from sites.models import Operation, Slot, SlotChange, Step
from sites.operations.bringing import receiver
from sites.operations.fetched import COMMIT, IS_SERVED, SLOTS
from sites.operations.kind import WITH_BUILD
from sites.operations.kinds.publish import Publish
from sites.operations.wording import quoted


class Fetch(Publish):
    """What is published becomes known when it was fetched; then it goes on as every publication does."""

    name = "fetch"
    noun = "fetch from source control"
    doing = "Fetching '{target}' from source control"
    waits_for_creation = False
    waits_for_others = True

    def steps_of(self, operation: Operation) -> Sequence[Step]:
        """Nothing is built when the slot serves the newest commit already."""
        is_queued = operation.waits_for_id is not None or operation.step == Step.QUEUED
        queued = (Step.QUEUED,) if is_queued else ()
        return (*queued, Step.FETCHING, *(() if operation.before.get(IS_SERVED) else WITH_BUILD))

    def apply(self, operation: Operation, changes: Sequence[SlotChange]) -> None:  # type: ignore[override]
        """What is published is not known yet; only where."""
        received = receiver(changes)
        others = [change for change in changes if change is not received]
        operation.before = {SLOTS: [change.held_slot.pk for change in (received, *others)]}

    def queue_up(self, operation: Operation, changes: Sequence[SlotChange]) -> None:  # type: ignore[override]
        """The same."""
        self.apply(operation, changes)

    def queued_slots(self, operation: Operation) -> list[Slot]:
        """All of them, or none when one was deleted meanwhile."""
        wanted = operation.before[SLOTS]
        found = list(Slot.objects.filter(pk__in=wanted))
        return found if len(found) == len(wanted) else []

    def take_up(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """Nothing is brought before it was fetched."""

    def event_families(self, operation: Operation, changes: Sequence[SlotChange]) -> Sequence[str]:
        """None where the slot served the newest commit already."""
        return () if operation.before.get(IS_SERVED) else super().event_families(operation, changes)

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Says which commit, also where nothing was to be done."""
        commit = str(operation.before.get(COMMIT, ""))[:10]
        if operation.before.get(IS_SERVED):
            return f"{quoted(operation.target)} serves the newest commit, {commit}, already. Nothing was published."
        return f"Fetched commit {commit}. {super().success(operation, changes)}"


FETCH = Fetch()
