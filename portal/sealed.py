"""A hidden value that goes to the browser and back unread: encrypted, and good in one place only."""

import json

from cryptography.fernet import InvalidToken

from sites.errors import SettingRefused
from sites.models.fields import decrypt, encrypt


def seal(value: str, place: str) -> str:
    """A token for `value` that `unseal` takes at the same `place`."""
    return encrypt(json.dumps(["sealed", place, value]))


def unseal(token: str, place: str) -> str:
    """Undo `seal`. Raises SettingRefused for anything else, also for what is encrypted in the database."""
    try:
        said = json.loads(decrypt(token))
    except (InvalidToken, ValueError):
        said = None
    if not isinstance(said, list) or said[:2] != ["sealed", place]:
        raise SettingRefused("A hidden value could not be read again; nothing was saved. Type it once more.")
    return str(said[2])
