"""How often what is shown asks again: fast while something is worked on, slowly while a preview waits for a person."""

from sites.models import Operation, OperationState

WORKING = "1s"
WAITING = "30s"
"""A preview may wait for a day, and whoever ends it in this browser is shown that at once."""


def of(operation: Operation | None) -> str:
    """The pace for something that shows `operation`; what is open for another reason is worked on."""
    return WAITING if operation is not None and operation.state == OperationState.WAITING else WORKING
