"""Which commands of ./greenroom are about a portal somewhere and not about this installation."""

from collections.abc import Sequence

REMOTE = frozenset(
    "login logout sites create open publish swap complete cancel rollback settings maintenance visitors "
    "scale domains certificates alerts endpoints events targets export plan apply".split()
)


EITHER = frozenset({"logs", "run"})
"""Both sides have them, and the installation of this machine comes first: it asks nobody for a token."""


def is_remote(arguments: Sequence[str], *, is_installed: bool) -> bool:
    """Whether the remote client takes the command: its own, and `status` of a web site that is named.

    `is_installed`: this machine has an installation, in the data folder that is meant.
    """
    if not arguments:
        return False
    name, *others = arguments
    is_theirs = name in REMOTE or (name in EITHER and not is_installed)
    return is_theirs or (name == "status" and any(not one.startswith("-") for one in others))
