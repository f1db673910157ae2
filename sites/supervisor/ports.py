"""Whether the router can have its port, and who has it otherwise."""

import errno
import ipaddress
import socket
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sites.errors import PortTaken

LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that listens on a port."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def check_port(addresses: Iterable[str], port: int, *, ours: Collection[int] = ()) -> None:
    """Refuse a port that another program listens on; `ours` are the pids of routers that are about to be adopted.

    A plain bind without SO_REUSEPORT notices what the router itself would share silently.
    Raises PortTaken.
    """
    for address in addresses:
        try:
            _bind(address, port)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL and ipaddress.ip_address(address).version == 6:
                continue  # a machine without IPv6
            owner = port_owner(port)
            if owner and owner.pid in ours:
                continue
            if error.errno == errno.EACCES:
                raise PortTaken(
                    f"Port {port} may only be used by root. Nothing was started. "
                    f"Start with another: ./greenroom up --port {free_port_near(8080)}"
                ) from error
            if error.errno != errno.EADDRINUSE:
                raise PortTaken(
                    f"Greenroom cannot listen on {address} port {port} ({error.strerror}). Nothing was started. "
                    "Choose an address of this machine with --listen."
                ) from error
            raise PortTaken(port=port, owner=owner or "another program", other=free_port_near(port + 1)) from error


def _bind(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not count
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind((address, port))
        probe.listen(1)


def free_port_near(port: int) -> int:
    """The next port from `port` on that nobody uses on 127.0.0.1."""
    for candidate in range(port, 65536):
        with suppress(OSError):
            _bind("127.0.0.1", candidate)
            return candidate
    return 8080


def port_owner(port: int, *, proc: Path = Path("/proc")) -> Owner | None:
    """Who listens on `port`; None when it cannot be told, for example for another user's process."""
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            inodes |= _listening_inodes((proc / table).read_text(), port)
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):
            if any(_is_one_of(wanted, link) for link in (folder / "fd").iterdir()):
                return Owner(int(folder.name), (folder / "comm").read_text().strip())
    return None


def _is_one_of(wanted: set[str], link: Path) -> bool:
    """Whether an open file is one of these; False for one that has been closed meanwhile, as a busy router's are."""
    with suppress(OSError):
        return str(link.readlink()) in wanted
    return False


def _listening_inodes(table: str, port: int) -> set[str]:
    rows = (line.split() for line in table.splitlines()[1:])
    return {row[9] for row in rows if row[3] == LISTENING and int(row[1].rsplit(":", 1)[1], 16) == port}
