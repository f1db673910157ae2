"""Columns whose values are encrypted at rest, and stay so until somebody reads the attribute."""

import functools
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from sites.keyring import Keyring, Purpose, key_file

MARK = "encrypted:"
"""In front of what `dumpdata` writes, so that `loaddata` knows it from plain text."""


@functools.lru_cache(maxsize=4)
def _ciphers(ring: Keyring) -> tuple[Fernet, ...]:
    return tuple(Fernet(urlsafe_b64encode(key)) for key in ring.derived(Purpose.FIELDS))


def _present() -> tuple[Fernet, ...]:
    """The ciphers of all keys, the one that encrypts first; a key that was written just now is among them."""
    return _ciphers(key_file(settings.KEY_FILE).read())


def encrypt(text: str) -> str:
    """Encrypt under the installation's newest key; the same text gives another token each time."""
    return _present()[0].encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Undo `encrypt`, also under an older key. Raises cryptography.fernet.InvalidToken without the right one."""
    return MultiFernet(_present()).decrypt(token.encode()).decode()


def renewed(token: str) -> str:
    """The same text under the newest key; `token` itself when it is so already. Raises InvalidToken."""
    newest, *others = _present()
    if not others:
        return token
    try:
        newest.decrypt(token.encode())
    except InvalidToken:
        return MultiFernet((newest, *others)).rotate(token).decode()
    return token


def keyed_digests(text: str) -> list[str]:
    """HMAC-SHA256 of a text in hex, under the newest key and after it under each older one."""
    keys = key_file(settings.KEY_FILE).read().derived(Purpose.DIGESTS)
    return [hmac.new(key, text.encode(), "sha256").hexdigest() for key in keys]


@dataclass(frozen=True, slots=True, repr=False)
class Encrypted:
    """The value of a column as the database holds it. Shows nothing when it is printed or logged."""

    token: str

    def __repr__(self) -> str:
        return "<encrypted>"


class _DecryptedAttribute(DeferredAttribute):
    """Decrypts when the attribute is read, and encrypts when it is set; the record never holds the text."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        held = super().__get__(instance, cls)
        return decrypt(held.token) if isinstance(held, Encrypted) else held

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = Encrypted(encrypt(value)) if isinstance(value, str) else value


class EncryptedTextField(models.TextField):
    """Plain text as an attribute, a token in the database and everywhere else.

    `values()`, serializers, forms and the admin get an Encrypted. It cannot be searched.
    """

    descriptor_class = _DecryptedAttribute

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Encrypted | None:
        """As the database holds it."""
        return None if value is None else Encrypted(value)

    def to_python(self, value: Any) -> Any:
        """What `dumpdata` wrote becomes encrypted again; anything else is plain text."""
        if isinstance(value, str) and value.startswith(MARK):
            return Encrypted(value.removeprefix(MARK))
        return value if isinstance(value, Encrypted) else super().to_python(value)

    def get_prep_value(self, value: Any) -> Any:
        """The token, under the newest key."""
        if isinstance(value, Encrypted):
            return renewed(value.token)
        return encrypt(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Saved as it is held: what nobody changed keeps its token."""
        return self.value_from_object(model_instance)

    def value_from_object(self, obj: models.Model) -> Any:
        """As the record holds it."""
        if self.attname not in obj.__dict__:
            obj.refresh_from_db(fields=[self.attname])
        return obj.__dict__[self.attname]

    def value_to_string(self, obj: models.Model) -> str:
        """For serializers: the token with its mark."""
        return f"{MARK}{self.value_from_object(obj).token}"

    def get_lookup(self, lookup_name: str) -> Any:
        """Raises FieldError for a search in what nobody can search."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted and cannot be searched.")
        return super().get_lookup(lookup_name)


class _DecryptedData(_DecryptedAttribute):
    """The same for plain data, as JSON."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        held = super().__get__(instance, cls)
        return json.loads(held) if isinstance(held, str) else held

    def __set__(self, instance: models.Model, value: Any) -> None:
        is_data = isinstance(value, dict | list)
        super().__set__(instance, json.dumps(value) if is_data else value)


class EncryptedJSONField(EncryptedTextField):
    """Plain data as an attribute, a token of its JSON in the database. To change it, assign it anew."""

    _pyi_private_set_type: Any  # django-stubs reads these
    _pyi_private_get_type: Any
    descriptor_class = _DecryptedData

    def get_prep_value(self, value: Any) -> Any:
        """The token of the JSON, under the newest key."""
        return super().get_prep_value(json.dumps(value) if isinstance(value, dict | list) else value)
