"""What an issuer says of itself and its keys (OpenID Connect Discovery 1.0): fetched within bounds, kept for a while.

Who may misuse this, and what holds against that:

- A person trusts an issuer whose name leads into this machine or a network behind it: only checked addresses are
  connected to, at the first request and at that for the keys, and no redirect is followed.
- An issuer is slow, or sends without end: a request ends after `SECONDS`, and after `MAX_BYTES`. The exchange has
  threads of its own, so nobody else waits.
- A stranger sends tokens to have us fetch: only issuers that a web site trusts are asked, a failed fetch is not
  repeated for `FAILED_SECONDS`, and an unknown key has the keys fetched again once in `RENEWED_SECONDS`.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings

from sites.errors import TrustRefused
from sites.outgoing.addresses import OutOfReach, is_host, is_named, port_of
from sites.outgoing.request import Destination, get

SETTING = "TRUST_HOSTS"
SECONDS = 8.0
MAX_BYTES = 256 * 1024
KEPT_SECONDS = 600.0
FAILED_SECONDS = 20.0
RENEWED_SECONDS = 60.0
MOST_KEPT = 500
LONGEST = 300
KEY_TYPES = ("RSA", "EC", "OKP")
"""Whose public half may be known to everybody."""
WELL_KNOWN = "/.well-known/openid-configuration"
HEADERS = {"Accept": "application/json", "User-Agent": "Greenroom"}


class IssuerSilent(Exception):
    """The issuer cannot be asked, or answers something else; the text says what, as a part of a sentence."""


@dataclass
class _Kept:
    keys: list[jwt.PyJWK] = field(default_factory=list)
    fetched_at: float = -1e9
    failure: str = ""
    lock: Lock = field(default_factory=Lock)


_kept: dict[str, _Kept] = {}
_all = Lock()


def parse(text: str) -> str:
    """An issuer as a person typed it. Raises TrustRefused for what is no address to fetch from."""
    issuer = text.strip()
    if _destination(issuer) is None or len(issuer) > LONGEST or issuer.endswith("/.well-known"):
        raise TrustRefused(
            reason=f"'{issuer[:LONGEST]}' is no issuer: it is an address that begins with https://, "
            "without a user, a '?' or a '#'"
        )
    return issuer


def key_of(issuer: str, key_id: object) -> jwt.PyJWK:
    """The issuer's key of that id, or its only one where the token names none. Raises IssuerSilent.

    What was fetched is kept for KEPT_SECONDS; an id that is not among them has it fetched again, but not at once again.
    """
    kept = _entry(issuer)
    with kept.lock:  # whoever waits here finds what the first has fetched
        age = time.monotonic() - kept.fetched_at
        if kept.failure and age < FAILED_SECONDS:
            raise IssuerSilent(kept.failure)
        found = _find(kept.keys, key_id)
        if kept.failure or age > KEPT_SECONDS or (found is None and age > RENEWED_SECONDS):
            _renew(kept, issuer)
            found = _find(kept.keys, key_id)
    if found is None:
        raise IssuerSilent("it has no key with the id that the token names")
    return found


def forget() -> None:
    """Whatever was kept."""
    with _all:
        _kept.clear()


def _entry(issuer: str) -> _Kept:
    with _all:
        if len(_kept) >= MOST_KEPT and issuer not in _kept:
            _kept.pop(next(iter(_kept)))
        return _kept.setdefault(issuer, _Kept())


def _renew(kept: _Kept, issuer: str) -> None:
    try:
        kept.keys, kept.failure = _fetched(issuer), ""
    except IssuerSilent as silent:
        kept.keys, kept.failure = [], str(silent)
        raise
    finally:
        kept.fetched_at = time.monotonic()


def _fetched(issuer: str) -> list[jwt.PyJWK]:
    said = _json(issuer.rstrip("/") + WELL_KNOWN)
    if said.get("issuer") != issuer:
        raise IssuerSilent("its description names another issuer")
    try:
        keys = jwt.PyJWKSet.from_dict(_json(str(said.get("jwks_uri", "")))).keys
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as fault:
        raise IssuerSilent("its keys cannot be read") from fault
    return [key for key in keys if key.key_type in KEY_TYPES and key.public_key_use in (None, "sig")]


def _json(address: str) -> dict[str, Any]:
    to = _destination(address)
    if to is None:
        raise IssuerSilent("the address of its keys cannot be taken")
    try:
        answer = asyncio.run(get(to, HEADERS, setting=SETTING, seconds=SECONDS, most=MAX_BYTES))
        if answer.status != 200:
            raise IssuerSilent(f"it answers {answer.status}")
        said = json.loads(answer.body)
    except OutOfReach as failure:
        raise IssuerSilent(failure.why) from None
    except ValueError:
        raise IssuerSilent(f"it answers no JSON within {MAX_BYTES // 1024} KiB") from None
    if not isinstance(said, dict):
        raise IssuerSilent("it answers no JSON object")
    return said


def _find(keys: list[jwt.PyJWK], key_id: object) -> jwt.PyJWK | None:
    if key_id is None:
        return keys[0] if len(keys) == 1 else None
    return next((key for key in keys if key.key_id == key_id), None)


def _destination(address: str) -> Destination | None:
    """None for what is no address; by http only to hosts that the administrator has named."""
    if not address.isascii() or any(character <= " " for character in address):
        return None
    try:
        split = urlsplit(address)
        port = port_of(split) if split.scheme in ("https", "http") else 0
    except ValueError:
        return None
    host = split.hostname or ""
    if not port or "@" in split.netloc or split.query or split.fragment or not is_host(host):
        return None
    if split.scheme == "http" and not is_named(host, port, getattr(settings, SETTING)):
        return None
    return Destination(split.scheme, host, port, split.path or "/")
