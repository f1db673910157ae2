"""Web endpoints: up to two addresses of a slot that are asked regularly whether they answer, and how fast."""

from urllib.parse import SplitResult, urlsplit

from sites.outgoing.addresses import PORTS, is_host, port_of
from sites.outgoing.request import Destination

MAX_LENGTH = 1000
"""Characters of an address."""
BAD_STATUS = 400
"""An answer from here on is a failed check."""


def parse(text: str) -> Destination:
    """Where it leads. Raises ValueError with the reason as half a sentence."""
    if len(text) > MAX_LENGTH or not text.isascii() or any(not "!" <= character <= "~" for character in text):
        raise ValueError(f"an address has at most {MAX_LENGTH:,} characters, all of ASCII, and no blank")
    try:
        split = urlsplit(text)
    except ValueError:
        raise ValueError("the address cannot be read; write an IPv6 address as in http://[2001:db8::1]/") from None
    if split.scheme not in PORTS:
        raise ValueError("the address of a web endpoint begins with http:// or https://")
    if "@" in split.netloc:
        raise ValueError("an address holds no user and no password")
    host = (split.hostname or "").rstrip(".")
    if not is_host(host):
        raise ValueError("the address names no host")
    target = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return Destination(split.scheme, host, _port(split), target)


def _port(split: SplitResult) -> int:
    try:
        return port_of(split)
    except ValueError:
        raise ValueError("the address has no port number behind the ':'") from None


def fault_of(text: str) -> str | None:
    """Why an address cannot be taken; None when it can."""
    try:
        parse(text)
    except ValueError as reason:
        return str(reason)
    return None
