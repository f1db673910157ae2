"""Who may visit a slot."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


class Way(StrEnum):
    """How somebody gets in who comes from none of the addresses."""

    OPEN = "everybody"
    REFUSED = "refused"
    PASSWORD = "password"  # noqa: S105  a word for how
    SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one slot at one moment."""

    slot_id: int
    version: int
    """Grows with each change."""
    way: Way = Way.OPEN
    networks: tuple[Network, ...] = ()
    """Who comes from one of them is asked for nothing."""
    stamp: str = ""
    """Which password: a pass for another one is none."""
    people: frozenset[int] = frozenset()
    """Ids of those who may see the web site in the portal."""
    maintenance: tuple[Network, ...] | None = None
    """Under maintenance, from where visitors get in all the same; None: no maintenance."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as people write them. Raises ValueError."""
    return tuple(ip_network(text, strict=False) for text in texts)


def comes_from(address: str, found: Iterable[Network]) -> bool:
    """Whether the address lies in one of the networks; an IPv4 address that is written as an IPv6 one is that one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed.version == network.version and parsed in network for network in found)


def stamp_of(password: str) -> str:
    """Tells one hashed password from another, in passes; empty for none."""
    return hashlib.sha256(password.encode()).hexdigest()[:16] if password else ""
