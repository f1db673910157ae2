"""Django's signing keys follow the key file, also in a process that runs while a new key is made."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.core import signing
from django.utils.crypto import constant_time_compare

from sites.keyring import key_file
from sites.services.key_rotation import BATCH, Renewal, renew_tokens_in

ORDINARY = Renewal(1, 0)


def follow() -> None:
    """Take over what was written into the key file since; no signature is unreadable for a moment."""
    newest, *older = key_file(settings.KEY_FILE).read().signing_keys
    if settings.SECRET_KEY == newest and settings.SECRET_KEY_FALLBACKS == older:
        return
    settings.SECRET_KEY_FALLBACKS = [newest, settings.SECRET_KEY, *older]
    settings.SECRET_KEY = newest
    settings.SECRET_KEY_FALLBACKS = older


def renew_sessions() -> Iterator[Renewal]:
    """Sign every session under the newest key, and encrypt anew what it holds encrypted."""
    follow()
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    rows = store.model._default_manager.order_by("session_key")
    last = ""
    while batch := list(rows.filter(session_key__gt=last)[:BATCH]):
        done = Renewal(0, 0)
        for row in batch:
            done += _renew(store, row)
        last = batch[-1].session_key
        yield done


def _renew(store: Any, row: Any) -> Renewal:
    try:
        data = signing.loads(row.session_data, salt=store.key_salt, serializer=store.serializer)
    except (signing.BadSignature, ValueError):
        return Renewal(1, 0, unreadable=1)
    held = _with_fresh_values(data)
    if held == data and _is_signed_by_newest(store, row.session_data):
        return ORDINARY
    fresh = signing.dumps(held, salt=store.key_salt, serializer=store.serializer, compress=True)
    # A request that changes the session meanwhile writes it under the newest key itself
    changed = type(row)._default_manager.filter(pk=row.pk, session_data=row.session_data).update(session_data=fresh)
    return Renewal(1, changed)


def _is_signed_by_newest(store: Any, data: str) -> bool:
    try:
        signing.loads(data, key=settings.SECRET_KEY, salt=store.key_salt, serializer=store.serializer, fallback_keys=[])
    except signing.BadSignature:
        return False
    return True


def _with_fresh_values(data: dict[str, Any]) -> Any:
    """The same session with its tokens and its proof of the password made under the newest key."""
    fresh, _ = renew_tokens_in(data)
    proof = str(data.get(HASH_SESSION_KEY, ""))
    user = User.objects.filter(pk=data[SESSION_KEY]).first() if proof else None
    if user is not None and any(constant_time_compare(proof, old) for old in user.get_session_auth_fallback_hash()):
        fresh[HASH_SESSION_KEY] = user.get_session_auth_hash()
    return fresh
