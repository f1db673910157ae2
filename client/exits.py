"""Why the program ends: each reason has an exit code, which docs/pipelines.md explains."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes; 2 is a wrong command line."""

    DONE = 0
    FAULT = 1
    REFUSED = 3
    FAILED = 4
    CANCELLED = 5
    STILL_OPEN = 6
    NOT_SIGNED_IN = 7
    UNREACHABLE = 8
    OTHERWISE = 9
    PARTLY = 10


INTERRUPTED = 130
"""After Ctrl-C."""
CHANGES = 2
"""Of `plan --check` alone: something would change. Otherwise it is a wrong command line."""
MEANINGS = {
    Exit.DONE: "done, or it was so already",
    Exit.FAULT: "a fault of the client or of the portal",
    Exit.REFUSED: "refused; nothing was changed",
    Exit.FAILED: "the operation failed; the sentence says what holds",
    Exit.CANCELLED: "the operation was cancelled",
    Exit.STILL_OPEN: "the operation is still running after --timeout",
    Exit.NOT_SIGNED_IN: "no access token, or one that is not in force or does not allow this",
    Exit.UNREACHABLE: "the portal does not answer",
    Exit.OTHERWISE: "the condition of --if-staging is not met; nothing was changed",
    Exit.PARTLY: "a later step was refused; what was done before stays, and the sentence says what is missing",
}


class Ended(Exception):
    """The program ends with this code and sentence."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Missing(Ended):
    """What was named is not there, or not for this person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(Exit.REFUSED, sentence)
