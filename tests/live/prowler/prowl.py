"""What a site tries to reach and must not: one function for each way, true when it succeeded. Python's library only.

`python3 prowl.py TARGETS` tries all of them at once and prints the names of those that succeeded, as JSON. With a PORT
in its environment it does so whenever it is asked.
"""

import fcntl
import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECONDS = 2.0
IP_FREEBIND, IP_TRANSPARENT = 15, 19
ETH_P_ALL = 3
ENOUGH_UDP = 3
LISTENING = "0A"


def connects(address: str, port: int, *, source: str | None = None) -> bool:
    """TCP, over IPv4 or IPv6."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as end:
            end.settimeout(SECONDS)
            if source is not None:
                end.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
                end.bind((source, 0))
            end.connect(place)
    except OSError:
        return False
    return True


def is_answered(address: str, port: int, message: bytes = b"x" * 20) -> bool:
    """UDP."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as end:
            end.settimeout(SECONDS / ENOUGH_UDP)
            end.connect(place)
            for _ in range(ENOUGH_UDP):
                end.send(message)
                try:
                    return bool(end.recv(100))
                except TimeoutError:
                    continue
    except OSError:
        return False
    return False


def asks_with_forged_headers(address: str, port: int, host: str) -> bool:
    """An instance believes what only the router may say, if somebody else can say it."""
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: 203.0.113.9\r\nX-Website-Site-Name: {host}\r\n\r\n"
    try:
        with socket.create_connection((address, port), SECONDS) as end:
            end.sendall(request.encode())
            return end.recv(10).startswith(b"HTTP/1")
    except OSError:
        return False


TAKES_A_NAME = "shares the host's abstract sockets"


def connects_to_abstract_socket(name: str) -> bool:
    """Abstract unix sockets belong to a network namespace, not to a folder."""
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(f"\0{name}")
    except OSError:
        return False
    return True


def takes_abstract_socket_of_the_host(name: str) -> bool:
    """Fails where somebody of the same namespace has it; leaves the proof to who asked."""
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(f"\0{name}")
    except OSError:
        return True  # it is in use: this is the host's namespace
    return False


def lists(path: str, text: str) -> bool:
    """Whether a list of the kernel's names what belongs to the host."""
    try:
        return text.lower() in Path(path).read_text().lower()
    except OSError:
        return False


def lists_listener(path: str, port: int) -> bool:
    """Whether somebody listens on that port, as the kernel's list shows it: local address and state."""
    try:
        rows = [row.split() for row in Path(path).read_text().splitlines()[1:]]
    except OSError:
        return False
    return any(row[1].endswith(f":{port:04X}") and row[3] == LISTENING for row in rows)


def sends_raw(family: int, kind: int, protocol: int) -> bool:
    """A socket by which packets could be forged."""
    try:
        socket.socket(family, kind, protocol).close()
    except OSError:
        return False
    return True


def spoofs_transparently(source: str) -> bool:
    """A source address that is not its own."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
            end.bind((source, 0))
    except OSError:
        return False
    return True


def has_ipv6_address() -> bool:
    """Beyond its own loopback."""
    try:
        return any(not line.endswith(" lo") for line in Path("/proc/net/if_inet6").read_text().splitlines())
    except OSError:
        return False


def sends_to_all_neighbours() -> bool:
    """IPv6 multicast by the one interface, without knowing anybody's address."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as end:
            end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("eth0"))
            end.sendto(b"x", ("ff02::1", 9, 0, socket.if_nametoindex("eth0")))
    except OSError:
        return False
    return True


def changes_its_address(address: str) -> bool:
    """Asks the kernel for another address, by ioctl SIOCSIFADDR."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            place = struct.pack("16sH2s4s8s", b"eth0", socket.AF_INET, b"", socket.inet_aton(address), b"")
            fcntl.ioctl(end, 0x8916, place)
    except OSError:
        return False
    return True


def binds_for_the_host(port: int) -> bool:
    """A port that the host has is in use for whoever shares its network."""
    try:
        with socket.socket() as end:
            end.bind(("127.0.0.1", port))
    except OSError:
        return True
    return False


def attempts(targets: dict) -> dict[str, Callable[[], bool]]:
    """Name → attempt. `targets`: see tests.live.targets."""
    found: dict[str, Callable[[], bool]] = {}
    for name, (address, port) in targets["tcp"].items():
        found[f"connects to {name}"] = partial(connects, address, port)
    for name, (address, port) in targets["udp"].items():
        found[f"is answered by {name}"] = partial(is_answered, address, port)
    neighbour, port = targets["neighbour"]
    host_port = targets["host_port"]
    found |= {
        "asks a neighbour with forged headers": partial(asks_with_forged_headers, neighbour, port, "victim.localhost"),
        "connects from a neighbour's address": partial(connects, *targets["open"], source=neighbour),
        "connects from an address of the host": partial(connects, *targets["open"], source=targets["host"]),
        "connects to an abstract socket of the host": partial(connects_to_abstract_socket, targets["abstract"]),
        TAKES_A_NAME: partial(takes_abstract_socket_of_the_host, targets["abstract"]),
        "shares the host's ports": partial(binds_for_the_host, host_port),
        "lists the host's TCP sockets": partial(lists_listener, "/proc/net/tcp6", host_port),
        "lists the host's unix sockets": partial(lists, "/proc/net/unix", targets["abstract"]),
        "lists the host's unix sockets with paths": partial(lists, "/proc/net/unix", targets["unix"]),
        "lists the host's routes": partial(lists, "/proc/net/route", targets["interface"]),
        "lists the host's interfaces": partial(lists, "/proc/net/dev", targets["interface"]),
        "sees packets": partial(sends_raw, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)),
        "makes packets of IPv4": partial(sends_raw, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
        "makes packets of ICMP": partial(sends_raw, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "makes packets of IPv6": partial(sends_raw, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        "spoofs a neighbour's address": partial(spoofs_transparently, neighbour),
        "has an address of IPv6": has_ipv6_address,
        "sends to all neighbours by IPv6": sends_to_all_neighbours,
        "changes its address": partial(changes_its_address, neighbour),
    }
    return found


def prowl(targets: dict) -> str:
    """The names of the attempts that succeeded, how many there were, and whether the way out is open; as JSON."""
    tries = attempts(targets)
    at_once = {name: attempt for name, attempt in tries.items() if name != TAKES_A_NAME}
    with ThreadPoolExecutor(max_workers=len(at_once)) as pool:
        results = dict(zip(at_once, pool.map(lambda attempt: attempt(), at_once.values()), strict=True))
    results[TAKES_A_NAME] = tries[TAKES_A_NAME]()  # afterwards: others look whether that name is there
    succeeded = sorted(name for name, is_reached in results.items() if is_reached)
    return json.dumps({"succeeded": succeeded, "count": len(tries), "is_open": connects(*targets["open"])})


class Prowler(BaseHTTPRequestHandler):
    """As an instance: tries when it is asked for /prowl."""

    def do_GET(self) -> None:
        body = prowl(TARGETS).encode() if self.path == "/prowl" else b"here\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


if __name__ == "__main__":
    TARGETS = json.loads(Path(sys.argv[1]).read_text())
    if "PORT" in os.environ:
        ThreadingHTTPServer(("", int(os.environ["PORT"])), Prowler).serve_forever()
    sys.stdout.write(prowl(TARGETS) + "\n")
