"""What an issuer says of itself and its keys (OpenID Connect Discovery 1.0): fetched within bounds, kept for a while.

Who may misuse this, and what holds against that:

- A person trusts an issuer whose name leads into this machine or a network behind it: only checked addresses are
  connected to, at the first request and at that for the keys, and no redirect is followed.
- An issuer is slow, or sends without end: both requests together end after `SECONDS`, and each after `MAX_BYTES`.
- A stranger sends tokens to have us fetch: only issuers that a web site trusts are asked, each by one at a time, and
  `AT_ONCE` in all, which leaves threads of the exchange free. Nobody waits for another's fetch: keys that are kept are
  taken at once, and all others are told to come again. A failed fetch is not repeated for `FAILED_SECONDS`, then for
  longer and longer, and an unknown key has the keys fetched again once in `RENEWED_SECONDS`.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings

from sites.backoff import doubled
from sites.errors import IssuersBusy, TrustRefused
from sites.outgoing.addresses import OutOfReach, is_host, is_named, port_of
from sites.outgoing.request import Destination, get

SETTING = "TRUST_HOSTS"
SECONDS = 8.0
"""For its description and its keys."""
AT_ONCE = 2
BUSY_SECONDS = 3
MAX_BYTES = 256 * 1024
KEPT_SECONDS = 600.0
FAILED_SECONDS = 20.0
LONGEST_FAILED_SECONDS = 600.0
RENEWED_SECONDS = 60.0
MOST_KEPT = 500
LONGEST = 300
KEY_TYPES = ("RSA", "EC", "OKP")
"""Whose public half may be known to everybody."""
NO_SUCH_KEY = "it has no key with the id that the token names"
WELL_KNOWN = "/.well-known/openid-configuration"
HEADERS = {"Accept": "application/json", "User-Agent": "Greenroom"}


class IssuerSilent(Exception):
    """The issuer cannot be asked, or answers something else; the text says what, as a part of a sentence."""


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: tuple[jwt.PyJWK, ...] = ()
    fetched_at: float = -1e9
    asked_at: float = -1e9
    failure: str = ""
    failures: int = 0
    """Since the keys were fetched."""


_kept: dict[str, _Kept] = {}
_asked_now: set[str] = set()
_lock = Lock()
"""Of both; nobody holds it while something is fetched."""


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
    """The issuer's key of that id, or its only one where the token names none.

    What was fetched is kept for KEPT_SECONDS; an id that is not among them has it fetched again, but not at once again.
    Raises IssuerSilent, and IssuersBusy when it would have to be fetched and others fetch.
    """
    with _lock:
        kept, moment = _kept.get(issuer, _Kept()), time.monotonic()
        found = _find(kept.keys, key_id) if moment - kept.fetched_at <= KEPT_SECONDS else None
        if found is not None:
            return found
        if moment - kept.asked_at < _pause(kept):
            raise IssuerSilent(kept.failure or NO_SUCH_KEY)
        if issuer in _asked_now or len(_asked_now) >= AT_ONCE:
            raise IssuersBusy(retry_after=BUSY_SECONDS)
        _asked_now.add(issuer)
    try:
        kept = _renewed(kept, issuer)
    finally:
        with _lock:
            _asked_now.discard(issuer)
            _keep(issuer, kept)
    if kept.failure or (found := _find(kept.keys, key_id)) is None:
        raise IssuerSilent(kept.failure or NO_SUCH_KEY)
    return found


def forget() -> None:
    """Whatever was kept."""
    with _lock:
        _kept.clear()


def _pause(kept: _Kept) -> float:
    return doubled(FAILED_SECONDS, LONGEST_FAILED_SECONDS, kept.failures) if kept.failures else RENEWED_SECONDS


def _renewed(kept: _Kept, issuer: str) -> _Kept:
    """After a failure the keys of before stay for their time: strangers can have us ask at any moment."""
    try:
        keys = tuple(_fetched(issuer))
    except IssuerSilent as silent:
        return replace(kept, asked_at=time.monotonic(), failure=str(silent), failures=kept.failures + 1)
    return _Kept(keys, fetched_at=time.monotonic(), asked_at=time.monotonic())


def _keep(issuer: str, kept: _Kept) -> None:
    if len(_kept) >= MOST_KEPT and issuer not in _kept:
        _kept.pop(next(iter(_kept)))
    _kept[issuer] = kept


def _fetched(issuer: str) -> list[jwt.PyJWK]:
    until = time.monotonic() + SECONDS
    said = _json(issuer.rstrip("/") + WELL_KNOWN, until)
    if said.get("issuer") != issuer:
        raise IssuerSilent("its description names another issuer")
    try:
        keys = jwt.PyJWKSet.from_dict(_json(str(said.get("jwks_uri", "")), until)).keys
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as fault:
        raise IssuerSilent("its keys cannot be read") from fault
    return [key for key in keys if key.key_type in KEY_TYPES and key.public_key_use in (None, "sig")]


def _json(address: str, until: float) -> dict[str, Any]:
    to = _destination(address)
    if to is None:
        raise IssuerSilent("the address of its keys cannot be taken")
    try:
        seconds, owner = max(until - time.monotonic(), 0.0), f"issuer {to.host}"
        answer = asyncio.run(get(to, HEADERS, setting=SETTING, owner=owner, seconds=seconds, most=MAX_BYTES))
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


def _find(keys: Sequence[jwt.PyJWK], key_id: object) -> jwt.PyJWK | None:
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
