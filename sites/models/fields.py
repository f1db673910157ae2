"""Columns whose values are encrypted at rest."""

import base64
import functools
import hashlib
import json
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.db import models


@functools.cache
def _cipher(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"fields:" + key).digest()))


def encrypt(text: str) -> str:
    """Encrypt under the installation's key; the same text gives another token each time."""
    return _cipher(settings.ENCRYPTION_KEY).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Undo `encrypt`. Raises cryptography.fernet.InvalidToken when the key is not the one it was encrypted under."""
    return _cipher(settings.ENCRYPTION_KEY).decrypt(token.encode()).decode()


class EncryptedTextField(models.TextField):
    """Plain text in Python, a token in the database; cannot be searched."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        """Decrypt what the database holds."""
        return None if value is None else decrypt(value)

    def get_prep_value(self, value: str | None) -> str | None:
        """Encrypt what the database is to hold."""
        return None if value is None else encrypt(str(value))


class EncryptedJSONField(models.TextField):
    """Plain data in Python, a token of its JSON in the database; cannot be searched."""

    _pyi_private_set_type: Any  # django-stubs reads these
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        """Decrypt what the database holds."""
        return None if value is None else json.loads(decrypt(value))

    def get_prep_value(self, value: Any) -> str | None:
        """Encrypt what the database is to hold."""
        return None if value is None else encrypt(json.dumps(value))
