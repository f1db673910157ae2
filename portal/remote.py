"""Which commands of ./greenroom are about a portal somewhere and not about this installation."""

from collections.abc import Sequence

REMOTE = frozenset(
    "login logout sites open publish swap complete cancel rollback settings maintenance visitors "
    "scale domains certificates events export plan apply".split()
)


def is_remote(arguments: Sequence[str]) -> bool:
    """Whether the remote client takes the command: its own, and `status` of a web site that is named."""
    if not arguments:
        return False
    return arguments[0] in REMOTE or (
        arguments[0] == "status" and any(not one.startswith("-") for one in arguments[1:])
    )
