"""Step RESTORING: the persistent folders of what is restored lie where its new rows look for them."""

from sites.operations import deleted_slots
from sites.operations.procedure import DONE, Progress
from sites.operations.turn import Turn


def restore(turn: Turn) -> Progress:
    """Move them from where their deleted slots left them; harmless when repeated."""
    deleted_slots.give_back_folders(turn.operation)
    return DONE


def move_back(turn: Turn) -> None:
    """Move them to where their deleted slots had left them; harmless when repeated."""
    deleted_slots.take_back_folders(turn.operation)
