"""What an operation that publishes does with its deployment: give it to the slots that the operation holds."""

from collections.abc import Sequence

from sites.models import Deployment, Operation, SlotChange, Swap


def receiver(changes: Sequence[SlotChange]) -> SlotChange:
    """The first that is not production, or production alone."""
    return next((change for change in changes if not change.held_slot.is_production), changes[0])


def bring(operation: Operation, changes: Sequence[SlotChange], deployment: Deployment) -> None:
    """`deployment` goes into the slot that receives it.

    With both slots it goes on into production, which is a swap. Saves the deployment, and no change.
    """
    received = receiver(changes)
    received.bring(deployment)
    if len(changes) > 1:
        production = next(change for change in changes if change is not received)
        received.exchange_with(production)
        Swap.objects.create(operation=operation, source=received.slot, target=production.slot)
