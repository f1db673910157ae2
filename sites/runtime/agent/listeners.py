"""On which addresses and ports the processes of a sandbox listen: what an instance that is waited for does instead."""

import ipaddress
import os
import re
from collections.abc import Iterator
from contextlib import suppress

from sites.runtime.agent.open_files import processes_below

LISTEN = "0A"
"""The state in /proc/net/tcp: include/net/tcp_states.h."""
MAX_DESCRIPTORS = 20_000
MAX_LINES = 20_000
MAX_SHOWN = 10


def listening(inside: int) -> list[str]:
    """Addresses with ports, as '127.0.0.1:5000' and '[::1]:5000', of a process and of all that it has started."""
    pids = processes_below(inside)
    own = set(_sockets(pids))
    found = {f"{address}:{port}" for inode, address, port in _listeners(inside) if inode in own}
    return sorted(found)[:MAX_SHOWN]


def _sockets(pids: list[int]) -> Iterator[str]:
    looked = 0
    for pid in pids:
        with suppress(OSError):
            for name in os.listdir(f"/proc/{pid}/fd"):
                looked += 1
                if looked > MAX_DESCRIPTORS:
                    return
                with suppress(OSError):
                    if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}")):
                        yield match[1]


def _listeners(pid: int) -> Iterator[tuple[str, str, int]]:
    """Inode, address and port of what listens in the network of a process."""
    for name in ("tcp", "tcp6"):
        with suppress(OSError), open(f"/proc/{pid}/net/{name}") as table:
            for _, line in zip(range(MAX_LINES), table, strict=False):
                fields = line.split()
                if len(fields) > 9 and fields[3] == LISTEN:
                    address, _, port = fields[1].partition(":")
                    yield fields[9], _address(address), int(port, 16)


def _address(words: str) -> str:
    """The kernel writes each four bytes as a number in the machine's own order."""
    parts = (int(words[at : at + 8], 16).to_bytes(4, "little") for at in range(0, len(words), 8))
    address = ipaddress.ip_address(b"".join(parts))
    mapped = getattr(address, "ipv4_mapped", None)
    return f"[{address}]" if address.version == 6 and mapped is None else str(mapped or address)
