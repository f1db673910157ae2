"""Whom a sandbox asks for addresses: the machine's name servers, as far as a network of its own reaches them."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sites.runtime.agent.files import write_shown

RESOLVER = Path("/etc/resolv.conf")
SYSTEMD_RESOLVER = Path("/run/systemd/resolve/resolv.conf")
SYSTEMD_STUB = "127.0.0.53"
REMEDY = "Set GREENROOM_NAME_SERVERS to the address of a name server outside this machine"


@dataclass(frozen=True, slots=True)
class NameServers:
    """Addresses by whether sandboxes with a network of their own reach them, and the other lines of the file."""

    reached: tuple[str, ...]
    others: tuple[str, ...]
    """On the host's loopback, or IPv6, which sandboxes do not have."""
    lines: tuple[str, ...] = ()

    @property
    def complaint(self) -> str:
        """'' when names can be looked up, else what is wrong."""
        if self.reached:
            return ""
        if not self.others:
            return f"sites and builds cannot look up names: {RESOLVER} names no name server"
        return f"sites and builds cannot look up names: they do not reach this machine's own {', '.join(self.others)}"

    @property
    def text(self) -> str:
        """resolv.conf for a sandbox."""
        return "".join(f"{line}\n" for line in (*self.lines, *(f"nameserver {one}" for one in self.reached)))


def resolver_file() -> Path:
    """The one with real servers: systemd's stub answers on the host's loopback only, and only to it."""
    try:
        uses_stub = SYSTEMD_STUB in RESOLVER.read_text()
    except OSError:
        uses_stub = False
    return SYSTEMD_RESOLVER if uses_stub and SYSTEMD_RESOLVER.exists() else RESOLVER


def find_name_servers(given: Sequence[str] = ()) -> NameServers:
    """Those of the machine; with `given` those in their place."""
    try:
        lines = [line.strip() for line in resolver_file().read_text().splitlines()]
    except OSError:
        lines = []
    named = [words[1] for line in lines if len(words := line.split()) > 1 and words[0] == "nameserver"]
    kept = [line for line in lines if line.startswith(("search ", "domain ", "options "))]
    servers = list(dict.fromkeys(given or named))
    reached = tuple(one for one in servers if is_reached(one))
    return NameServers(reached, tuple(one for one in servers if one not in reached), tuple(kept))


def is_reached(address: str) -> bool:
    """From a network namespace that has IPv4 and no loopback of the host."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # also one with the name of an interface, as link-local ones of IPv6 have it
        return False
    return found.version == 4 and not found.is_loopback and not found.is_unspecified


def write_resolver(folder: Path, servers: NameServers) -> Path:
    """Writes resolv.conf for sandboxes."""
    path = folder / "resolv.conf"
    write_shown(path, servers.text)
    return path
