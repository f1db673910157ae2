"""A new key for the installation: written, taken into use, everything encrypted anew, and the old one retired.

Each step can be cut off anywhere and be done again: how far a rotation is stands in the key file alone. Two keys in it,
the newer one last: the newer one can be read and is not used yet. The newer one first: it is in use, and values are
being encrypted anew. One key: no rotation is under way.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils.module_loading import import_string

from sites.errors import KeyFileRefused
from sites.keyring import FORMER, Key, KeyFile, Keyring, key_file, new_key
from sites.models.fields import EncryptedTextField, renewed

BATCH = 200
TOKEN = "gAAAA"  # noqa: S105  how every token begins (Fernet's version and the first bits of its time)
SETTLE_SECONDS = 3.0
"""How long a new key can be read before it is used: requests that began before know the old one only."""
SHORTEST = timedelta(minutes=15)
"""How long the old key stays readable: one-time links are good for ten minutes, work in progress for less."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """One batch of values: how many were looked at, encrypted anew, and readable with none of the keys."""

    seen: int
    renewed: int
    unreadable: int = 0

    def __add__(self, other: "Renewal") -> "Renewal":
        return Renewal(self.seen + other.seen, self.renewed + other.renewed, self.unreadable + other.unreadable)


Renew = Callable[[], Iterator[Renewal]]
"""Encrypts a place anew, batch by batch, and leaves alone what is under the newest key already."""


def places() -> dict[str, Renew]:
    """Everything that is encrypted or signed at rest: each EncryptedTextField there is, and ENCRYPTED_PLACES."""
    columns = {f"{model._meta.label}.{field.name}": _column(model, field) for model, field in encrypted_columns()}
    return columns | {name: import_string(path) for name, path in settings.ENCRYPTED_PLACES.items()}


def encrypted_columns() -> Iterator[tuple[type[models.Model], EncryptedTextField]]:
    """Every EncryptedTextField of every model."""
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field


def _column(model: type[models.Model], field: EncryptedTextField) -> Renew:
    def renew() -> Iterator[Renewal]:
        rows = model._base_manager.order_by("pk")
        last = None
        while True:
            with transaction.atomic():
                left = rows if last is None else rows.filter(pk__gt=last)
                batch = list(left.select_for_update().values_list("pk", field.attname)[:BATCH])
                if not batch:
                    return
                done = Renewal(0, 0)
                for pk, held in batch:
                    token, outcome = renew_token(held.token if held else None)
                    done += outcome
                    if outcome.renewed:
                        model._base_manager.filter(pk=pk).update(**{field.attname: type(held)(token)})
            last = batch[-1][0]
            yield done

    return renew


def renew_token(token: str | None) -> tuple[str | None, Renewal]:
    """The token under the newest key, and what became of it."""
    if token is None:
        return None, Renewal(1, 0)
    try:
        fresh = renewed(token)
    except InvalidToken:
        return token, Renewal(1, 0, unreadable=1)
    return fresh, Renewal(1, int(fresh != token))


def renew_tokens_in(data: Any) -> tuple[Any, Renewal]:
    """The same JSON data with every token in it under the newest key, and what became of them."""
    if isinstance(data, dict):
        values, outcome = renew_tokens_in(list(data.values()))
        return dict(zip(data, values, strict=True)), outcome
    if isinstance(data, list):
        found = [renew_tokens_in(one) for one in data]
        return [one for one, _ in found], sum((outcome for _, outcome in found), Renewal(0, 0))
    if isinstance(data, str) and data.startswith(TOKEN):
        return renew_token(data)
    return data, Renewal(0, 0)


def renew_json(model: type[models.Model], field: str) -> Iterator[Renewal]:
    """Encrypt anew what stands encrypted inside a JSONField of a model; for ENCRYPTED_PLACES."""
    last = None
    while True:
        with transaction.atomic():
            rows = model._base_manager.order_by("pk").select_for_update()
            batch = list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", field)[:BATCH])
            if not batch:
                return
            done = Renewal(0, 0)
            for pk, data in batch:
                fresh, outcome = renew_tokens_in(data)
                done += outcome
                if outcome.renewed:
                    model._base_manager.filter(pk=pk).update(**{field: fresh})
        last = batch[-1][0]
        yield done


def begin(*, is_up: bool) -> bool:
    """Write a new key and take it into use, unless that is done already; True when a new key was made.

    `is_up`: whether requests may be under way. Raises KeyFileRefused when the file cannot be changed.
    """
    file = key_file(settings.KEY_FILE)
    ring = file.read()
    is_new = len(ring.keys) == 1
    if is_new:
        ring = ring.with_keys(*ring.keys, new_key(after=ring.keys[0]))
        _replace(file, ring)
    in_order = ring.with_keys(*sorted(ring.keys, key=_made_at, reverse=True))
    if in_order != ring:
        if is_up:
            time.sleep(SETTLE_SECONDS)
        _replace(file, in_order)
    return is_new


def finish() -> int:
    """Retire every key but the newest, once nothing needs them; how many were retired.

    Call it after a pass over all places that renewed nothing. Raises KeyFileRefused when there is none or it is too
    early.
    """
    file = key_file(settings.KEY_FILE)
    ring = ensure_can_finish(file)
    _replace(file, ring.with_keys(ring.keys[0]))
    return len(ring.keys) - 1


def ensure_can_finish(file: KeyFile) -> Keyring:
    """The keys, where there is something to retire. Raises KeyFileRefused."""
    ring = file.read()
    if len(ring.keys) == 1 and ring.keys[0].made_at != FORMER:
        raise KeyFileRefused(
            f"{file.path} holds one key, so no rotation is under way and nothing was changed. "
            "Begin one: ./greenroom key rotate"
        )
    newest = ring.keys[0]
    if newest != max(ring.keys, key=_made_at) or len(ring.keys) == 1:
        raise KeyFileRefused(
            f"The newest key in {file.path} is not in use yet. Nothing was changed. Run ./greenroom key rotate first."
        )
    until = datetime.fromisoformat(newest.made_at) + SHORTEST
    if datetime.now(UTC) < until:
        raise KeyFileRefused(
            f"The old key is still needed by what was begun before the new one was made, at {newest.made_at[:16]} UTC. "
            f"Nothing was changed. Run ./greenroom key rotate --finish after {until:%H:%M} UTC."
        )
    return ring


def _replace(file: KeyFile, ring: Keyring) -> None:
    try:
        file.replace(ring)
    except OSError as error:
        raise KeyFileRefused(
            f"The key file {file.path} cannot be changed here ({error.strerror}); nothing was changed. Change its "
            "source by hand as docs/operation.md describes, restart the service, and run the command again."
        ) from None


def _made_at(key: Key) -> str:
    return "" if key.made_at == FORMER else key.made_at
