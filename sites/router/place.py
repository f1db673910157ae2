"""How routers and their server are called, and where: HOST:PORT, as GREENROOM_XDS_LISTEN says it."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

ROUTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SERVER_NAME = "xds.greenroom.internal"
"""The name in the xDS server's certificate, wherever it listens; nobody looks it up."""
_FORM = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something listens, or is reached."""

    host: str
    port: int

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address, and no name."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def is_everywhere(self) -> bool:
        """Whether it means every address of a machine, so that nobody can be sent there."""
        return self.is_address and ipaddress.ip_address(self.host).is_unspecified

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def local_address(listen: Sequence[str]) -> str:
    """Where this machine reaches the router that listens on these addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen[0], listen[0])  # noqa: S104


def parse_place(text: str) -> Place:
    """HOST:PORT, with an IPv6 address in brackets. Raises ValueError."""
    found = _FORM.fullmatch(text)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise ValueError(f"'{text}' is not HOST:PORT")
    place = Place(found["six"] or found["host"], int(found["port"]))
    if found["six"] and not place.is_address:
        raise ValueError(f"'{text}' is not HOST:PORT")
    return place
