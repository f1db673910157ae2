"""Whether an identity token is genuine (OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725).

Its issuer has signed it, for the audience that is named, and it is in force. What else it says is for whoever asks.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sites.identities import issuers
from sites.plain_text import control_fault, visible

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that only the issuer has; neither `none` nor a shared secret."""
MAX_LENGTH = 16 * 1024
CLOCKS_DIFFER_SECONDS = 60
LONGEST = timedelta(hours=24)
"""No token counts that is in force for longer: what was exchanged is remembered for so long."""
SMALLEST_RSA = 2048
REQUIRED = ["iss", "aud", "exp", "iat"]


class TokenFault(Exception):
    """The token is not genuine; the text says why, as a part of a sentence."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A genuine token."""

    claims: dict[str, Any]
    digest: str
    """The same for the same token, whatever name its issuer gives it."""
    expires_at: datetime


def issuer_of(text: str) -> str:
    """Who says that they have signed it; nothing is checked yet. Raises TokenFault for what is no token."""
    if len(text) > MAX_LENGTH:
        raise TokenFault(f"it is longer than {MAX_LENGTH} characters")
    try:
        said = jwt.decode(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenFault("it is no JSON Web Token") from None
    issuer = said.get("iss")
    if not (isinstance(issuer, str) and issuer.isascii() and issuer.isprintable()):
        raise TokenFault("it names no issuer")
    return issuer


def verified(text: str, *, issuer: str, audience: str) -> Identity:
    """What the issuer has signed for that audience. Raises TokenFault, and as `issuers.key_of`."""
    try:
        header = jwt.get_unverified_header(text)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise TokenFault(f"it is signed with '{visible(str(algorithm)[:20])}', which is not taken")
        key = issuers.key_of(issuer, header.get("kid"))
        if isinstance(key.key, RSAPublicKey) and key.key.key_size < SMALLEST_RSA:
            raise TokenFault("it is signed with a key that is too short")
        claims = jwt.decode(
            text,
            key=key.key,
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer,
            leeway=CLOCKS_DIFFER_SECONDS,
            options={"require": REQUIRED},
        )
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as fault:
        raise TokenFault(visible(str(fault)[:120]) or type(fault).__name__) from None
    return Identity(claims, _digest(issuer, claims, text), _expiry(claims))


def _expiry(claims: dict[str, Any]) -> datetime:
    if not all(isinstance(claims[name], int | float) for name in ("exp", "iat")):
        raise TokenFault("its times are no numbers")
    if not 0 <= claims["exp"] - claims["iat"] <= LONGEST.total_seconds():
        raise TokenFault(f"it is in force for longer than {LONGEST.total_seconds() / 3600:.0f} hours")
    return datetime.fromtimestamp(claims["exp"] + CLOCKS_DIFFER_SECONDS, UTC)


def _digest(issuer: str, claims: dict[str, Any], text: str) -> str:
    name = claims.get("jti")
    if isinstance(name, str) and control_fault(name):
        raise TokenFault("its name, jti, has characters that no name has")
    own = f"{issuer}\n{name}" if isinstance(name, str) and name else text.rpartition(".")[0]
    return hashlib.sha256(own.encode()).hexdigest()
