"""Content is published to a slot; with auto swap it goes on into production in the same operation."""

from collections.abc import Sequence

from sites.models import Deployment, Operation, Slot, SlotChange, Step
from sites.operations.bringing import bring
from sites.operations.kind import WITH_BUILD, Need, OperationKind, Queue
from sites.operations.wording import quoted, took


class Publish(OperationKind):
    """The deployment is built, started and warmed up before visitors reach it."""

    name = "publish"
    noun = "publication"
    doing = "Publishing to '{target}'"
    busy = "Publishing"
    queue = Queue.WORK
    steps = WITH_BUILD
    event_family = "publication"
    waits_for_creation = True
    alters_content = True
    opens_window = True

    def steps_of(self, operation: Operation) -> Sequence[Step]:
        """A first publication may have to wait for its slot."""
        is_queued = operation.waits_for_id is not None or operation.step == Step.QUEUED
        return (Step.QUEUED, *WITH_BUILD) if is_queued else WITH_BUILD

    def queue_up(self, operation: Operation, changes: Sequence[SlotChange], *, deployment: Deployment) -> None:
        """The deployment, as received by the first slot."""
        changes[0].bring(deployment)

    def apply(
        self,
        operation: Operation,
        changes: Sequence[SlotChange],
        *,
        deployment: Deployment,
    ) -> None:
        """See `bring`."""
        bring(operation, changes, deployment)

    def queued_slots(self, operation: Operation) -> list[Slot]:
        """The slot that is being created for it."""
        deployment = getattr(operation, "deployment", None)
        return [deployment.slot] if deployment is not None and deployment.slot is not None else []

    def take_up(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """Its deployment is there since it was asked for."""
        bring(operation, changes, operation.deployment)

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """What is published has to answer; what leaves production for it has to be as good as it is now."""
        if change.brings_deployment:
            return Need.ANSWERING
        return Need.NOTHING if is_in_service else Need.AS_BEFORE

    def event_families(self, operation: Operation, changes: Sequence[SlotChange]) -> Sequence[str]:
        """With auto swap it is both."""
        return (self.event_family, "swap") if len(changes) > 1 else (self.event_family,)

    def wanted_back(self, changes: Sequence[SlotChange]) -> set[int]:
        """Production's side; staging starts what it never had."""
        return super().wanted_back([change for change in changes if change.held_slot.is_production])

    def title_of(self, operation: Operation) -> str:
        """Among the swaps of a site it is one."""
        return "Auto swap" if hasattr(operation, "swap") else self.title

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Says where it serves."""
        message, seconds = quoted(operation.deployment.message), took(operation)
        if len(changes) > 1:
            return f"Published {message} to {quoted(operation.target)} and swapped it into production in {seconds}."
        return f"Published {message} to {quoted(operation.target)} in {seconds}."


PUBLISH = Publish()
