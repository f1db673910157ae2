"""Who has which block of addresses on this machine, and which sandbox which address of it."""

import hashlib
import ipaddress
from pathlib import Path

from sites.runtime.agent.files import read_json, write_json
from sites.runtime.agent.links import is_closed_block, routes

OCTETS = range(192, 248)
"""10.192.0.0/16 … 10.247.0.0/16: one of them for each installation on a machine."""
ADDRESSES = 2**16 - 3
"""In a /16, without its first two, of which the second is the host's, and its last."""
CLAIMS = Path("/run/greenroom")


class Allocation:
    """Numbers for keys, kept on disk. One comes again as late as possible: a stale route must not meet another site."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        data = read_json(path) or {}
        self.numbers: dict[str, int] = data.get("numbers", {})
        self._next: int = data.get("next", 0)

    def take(self, key: str) -> int:
        """The number of that key, the same every time. Raises OSError when all are given."""
        if key not in self.numbers:
            given = set(self.numbers.values())
            number = next(
                (n for n in ((self._next + step) % self._size for step in range(self._size)) if n not in given), None
            )
            if number is None:
                raise OSError("All network addresses of this installation are in use.")
            self.numbers[key] = number
            self._next = (number + 1) % self._size
            self._save()
        return self.numbers[key]

    def skip(self, key: str) -> int:
        """Another number for that key: the present one turned out to be somebody else's."""
        self.numbers.pop(key, None)
        return self.take(key)

    def give_back(self, key: str) -> None:
        """Forgets that key."""
        if self.numbers.pop(key, None) is not None:
            self._save()

    def _save(self) -> None:
        write_json(self._path, {"numbers": self.numbers, "next": self._next}, is_durable=False)


def block_of(octet: int) -> str:
    """All addresses of an installation."""
    return f"10.{octet}.0.0/16"


def gateway_of(octet: int) -> str:
    """The host's address in a block: the same for all instances."""
    return f"10.{octet}.0.1"


def address_of(octet: int, number: int) -> str:
    """An instance's address in a block."""
    return str(ipaddress.IPv4Address(f"10.{octet}.0.2") + number)


def claimed_blocks(claims: Path = CLAIMS) -> list[ipaddress.IPv4Network]:
    """The blocks of all installations on this machine that have claimed one."""
    names = [claim.name.removeprefix("network-") for claim in claims.glob("network-*")]
    return [ipaddress.IPv4Network(block_of(int(name))) for name in names if name.isdecimal() and int(name) < 256]


def octets_in_order(state: Path) -> list[int]:
    """Installations begin at different places of the range, so they seldom want the same."""
    start = int.from_bytes(hashlib.sha256(str(state).encode()).digest()[:4]) % len(OCTETS)
    return [*OCTETS[start:], *OCTETS[:start]]


def _is_foreign(octet: int) -> bool:
    """The machine already uses addresses of that block, or asks a name server there."""
    block = ipaddress.IPv4Network(block_of(octet))
    try:
        servers = [
            line.split()[1]
            for line in Path("/etc/resolv.conf").read_text().splitlines()
            if line.startswith("nameserver ")
        ]
    except (OSError, IndexError):
        servers = []
    used = [
        route["dst"]
        for route in routes()
        if route["dst"] != "default" and not route.get("dev", "").startswith("room") and not is_closed_block(route)
    ]
    return any(
        ipaddress.ip_network(item, strict=False).overlaps(block) for item in [*used, *servers] if ":" not in item
    )


def claim_octet(state: Path, claims: Path = CLAIMS) -> int:
    """The block of this installation, the same at every start. Raises OSError when none is free."""
    claims.mkdir(parents=True, exist_ok=True)
    wanted = str(state)
    for octet in octets_in_order(state):
        claim = claims / f"network-{octet}"
        try:
            with claim.open("x") as stream:
                stream.write(wanted)
            mine = True
        except FileExistsError:
            owner = claim.read_text()
            mine = owner == wanted or (owner != "" and not Path(owner).exists())
        if mine and not _is_foreign(octet):
            claim.write_text(wanted)
            return octet
        if mine:
            claim.unlink()
    raise OSError("No block of private addresses (10.192.0.0/16 to 10.247.0.0/16) is free on this machine.")
