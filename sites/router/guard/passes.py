"""Passes: what a visitor who was let in once shows from then on, as a cookie of the slot's host name.

A pass is signed (HMAC-SHA256), and good for one slot, one host name and a short time. It tells only the number of its
person here, and the application never gets it: the router takes the cookie away.
"""

import base64
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass

PASS_COOKIE = "greenroom_visitor"  # noqa: S105  a name
STATE_COOKIE = "greenroom_visitor_state"
"""What ties the way to the sign-in and back to one browser."""
OWN = "greenroom_visitor"
"""How all cookies begin that are ours; no application gets one."""
NOBODY = 0
MAX_TRIED = 20
"""Of cookies with the same name that are looked at."""
MAX_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Pass:
    """What it says."""

    slot_id: int
    host: str
    """In lower case, without a port."""
    person: int
    """Who has signed in; NOBODY for a pass by the password."""
    stamp: str
    """Of the password; empty for a pass by the sign-in."""
    expires_at: int
    """Seconds since 1970."""


def signed(key: bytes, one: Pass) -> str:
    """The value of the cookie."""
    said = f"{one.slot_id}.{one.person}.{one.expires_at}.{one.stamp}"
    return f"{said}.{_mac(key, said, one.host)}"


def read(keys: Sequence[bytes], text: str, host: str) -> Pass | None:
    """What a cookie says that was signed for this host name and is not over; None for anything else."""
    if len(text) > MAX_LENGTH:
        return None
    said, _, mac = text.rpartition(".")
    # All keys are compared, so that the time taken tells nothing
    if not any([hmac.compare_digest(_mac(key, said, host).encode(), mac.encode()) for key in keys]):
        return None
    slot_id, person, expires_at, stamp = said.split(".")
    found = Pass(int(slot_id), host, int(person), stamp, int(expires_at))
    return found if found.expires_at > time.time() else None


def cookies_of(header: str) -> tuple[list[str], str]:
    """The passes in a Cookie header, and the header without anything of ours."""
    passes, others = [], []
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name.strip().startswith(OWN):
            if name.strip() == PASS_COOKIE:
                passes.append(value.strip())
        elif part.strip():
            others.append(part.strip())
    return passes[:MAX_TRIED], "; ".join(others)


def state_of(header: str) -> str:
    """The state cookie in a Cookie header; empty without one."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == STATE_COOKIE:
            return value
    return ""


def _mac(key: bytes, said: str, host: str) -> str:
    digest = hmac.new(key, f"{host}\n{said}".encode(), "sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
