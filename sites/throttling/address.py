"""Who asks, as far as an address tells it."""

import ipaddress

from django.http import HttpRequest

NETWORK_BITS = 64
UNKNOWN = "0.0.0.0"  # noqa: S104  no address at all, and still one that a database column takes


def client_address(request: HttpRequest) -> str:
    """The address that the router appended; the header's earlier entries are the client's own words."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    for told in (request.META.get("REMOTE_ADDR") or "", forwarded):
        try:
            return str(_unmapped(ipaddress.ip_address(told)))
        except ValueError:
            continue
    return UNKNOWN


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the first 64 bits of an IPv6 one."""
    parsed = _unmapped(ipaddress.ip_address(address))
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed.packed, NETWORK_BITS), strict=False))


def _unmapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that was written as an IPv6 one is the same address."""
    return getattr(address, "ipv4_mapped", None) or address
