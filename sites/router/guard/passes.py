"""Passes: what a visitor who was let in once shows from then on, as a cookie of the slot's host name.

A pass is signed (HMAC-SHA256), and good for one slot, one host name and a short time. It tells only the number of its
person here, and the application never gets it: the router takes the cookie away.
"""

import base64
import hmac
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

PASS_COOKIE = "greenroom_visitor"  # noqa: S105  a name
STATE_COOKIE = "greenroom_visitor_state"
"""What ties the way to the sign-in and back to one browser."""
HOST_ONLY = "__Host-"
"""Browsers take such a cookie by TLS from its host only (RFC 6265bis, 4.1.3), so no web site beside sets one."""
OWN = ("greenroom_visitor", f"{HOST_ONLY}greenroom_visitor")
"""How all cookies begin that are ours; no application gets one."""
NOBODY = 0
MAX_TRIED = 20
"""Of cookies that look like a pass."""
MAX_LENGTH = 256
_SHAPE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{43}")


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


def named(cookie: str, *, is_tls: bool) -> str:
    """The name by which a visitor gets the cookie."""
    return f"{HOST_ONLY}{cookie}" if is_tls else cookie


def cookies_of(header: str) -> tuple[list[str], str]:
    """The passes in a Cookie header, and the header without anything of ours.

    A web site under the same domain can add cookies of our names: those that only the host can set come first, and
    what is no pass is left out.
    """
    host_only, passes, others = list[str](), list[str](), list[str]()
    for part in header.split(";"):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name.startswith(OWN):
            if _SHAPE.fullmatch(value) and len(value) <= MAX_LENGTH:
                {PASS_COOKIE: passes, f"{HOST_ONLY}{PASS_COOKIE}": host_only}.get(name, []).append(value)
        elif part.strip():
            others.append(part.strip())
    return [*host_only, *passes][:MAX_TRIED], "; ".join(others)


def states_of(header: str, *, is_tls: bool) -> list[str]:
    """The state cookies in a Cookie header; somebody else may have added some."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return [value for name, _, value in pairs if name == named(STATE_COOKIE, is_tls=is_tls) and value]


def _mac(key: bytes, said: str, host: str) -> str:
    digest = hmac.new(key, f"{host}\n{said}".encode(), "sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
