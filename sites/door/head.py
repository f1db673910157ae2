"""The head of a request: what is known before its body has come."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Scope = Mapping[str, Any]
SCHEMES = ("http", "https")
ALIVE_HOST = "door.invalid"
"""`up` asks it whether the door is alive. The router passes on no request to it."""
IPV6_CLIENT_BITS = 64
"""One subscriber usually has that many bits of addresses, so they count as one client."""
LENGTH_DIGITS = 20
"""A length with that many is above every bound; Python reads no number of more than 4,300."""


@dataclass(frozen=True)
class Head:
    """Method, address and headers of a request, from an ASGI scope.

    Only the router can connect, and it replaces X-Forwarded-For and X-Forwarded-Proto, so both are believed.
    """

    scope: Scope

    @cached_property
    def headers(self) -> dict[str, str]:
        """Name in lower case → value; repeated ones joined. A name with '_' would read like one with '-', so it is
        left out."""
        found: dict[str, list[str]] = {}
        for name, value in self.scope["headers"]:
            if b"_" not in name:
                found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        return {name: ("; " if name == "cookie" else ",").join(values) for name, values in found.items()}

    @property
    def method(self) -> str:
        """GET, POST and so on."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """Decoded, without the query."""
        return str(self.scope["path"])

    @property
    def host(self) -> str:
        """The Host header in lower case, without port and without the dot at its end."""
        name, colon, port = self.headers.get("host", "").lower().rpartition(":")
        if not colon or not port.isdigit():
            name = self.headers.get("host", "").lower()
        return name.rstrip(".")

    @property
    def scheme(self) -> str:
        """What the client spoke with the router."""
        said = self.headers.get("x-forwarded-proto", "")
        return said if said in SCHEMES else "http"

    @property
    def address(self) -> str:
        """The client's address as the router saw it; empty for a question that did not come by the router."""
        return self.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()

    @cached_property
    def client(self) -> str:
        """Whom the bounds count: an address, or the /64 network of one of IPv6."""
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError:
            return self.address
        if address.version == 4:
            return self.address
        return str(ipaddress.ip_network((address, IPV6_CLIENT_BITS), strict=False))

    @property
    def length(self) -> int | None:
        """Bytes of the body as announced; None when that is not known before it ends."""
        if "transfer-encoding" in self.headers:
            return None
        said = self.headers.get("content-length", "")
        return int(said[:LENGTH_DIGITS]) if said.isdecimal() else 0

    @property
    def expects_continue(self) -> bool:
        """Whether the client sends the body only after '100 Continue' (RFC 9110, 10.1.1)."""
        return self.headers.get("expect", "").lower() == "100-continue"
