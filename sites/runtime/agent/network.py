"""Where instances are reached: each in a network namespace of its own, or on ports of the host's loopback."""

import hashlib
import ipaddress
import json
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sites.runtime.agent import firewall
from sites.runtime.agent.files import read_json, write_json
from sites.runtime.spec import INSTANCE_PORT

OCTETS = range(192, 248)
"""10.192.0.0/16 … 10.247.0.0/16: one of them for each installation on a machine."""
BLOCKS = 2**14
"""Pairs of addresses (/30) in a /16."""
CLAIMS = Path("/run/greenroom")
FIRST_PORT, LAST_PORT = 20000, 31999
"""Below the range from which the system takes ports for outgoing connections."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one sandbox listens, as seen from the host."""

    address: str
    port: int
    host: str
    """What the process inside should bind."""
    netns: str | None = None


class Places(Protocol):
    """Gives sandboxes their places, by their keys; both calls may be repeated."""

    def take(self, key: str) -> Place:
        """Raises OSError when there is none to give."""

    def give_back(self, key: str) -> None:
        """The sandbox of that key has ended for good."""

    def keep_only(self, keys: set[str]) -> None:
        """Clears away what a former agent left behind."""

    def close(self) -> None:
        """The installation runs nothing any more."""

    @property
    def fact(self) -> str:
        """For people: what sites can reach."""


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
        write_json(self._path, {"numbers": self.numbers, "next": self._next})


def run_ip(*arguments: str, batch: list[str] | None = None) -> str:
    """Runs ip. Raises OSError with what it said when it fails."""
    line = ["ip", *arguments, *(("-batch", "-") if batch else ())]
    text = "\n".join(batch) + "\n" if batch else None
    try:
        done = subprocess.run(line, input=text, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired as error:
        raise OSError(str(error)) from error
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def addresses_of(octet: int, number: int) -> tuple[str, str]:
    """The host's and the instance's address of a pair."""
    base = int(ipaddress.IPv4Address(f"10.{octet}.0.0")) + 4 * number
    return str(ipaddress.IPv4Address(base + 1)), str(ipaddress.IPv4Address(base + 2))


def octets_in_order(state: Path) -> list[int]:
    """Installations begin at different places of the range, so they seldom want the same."""
    start = int.from_bytes(hashlib.sha256(str(state).encode()).digest()[:4]) % len(OCTETS)
    return [*OCTETS[start:], *OCTETS[:start]]


def _is_foreign(octet: int) -> bool:
    """The machine already uses addresses of that block, or asks a name server there."""
    block = ipaddress.IPv4Network(f"10.{octet}.0.0/16")
    try:
        servers = [
            line.split()[1]
            for line in Path("/etc/resolv.conf").read_text().splitlines()
            if line.startswith("nameserver ")
        ]
    except (OSError, IndexError):
        servers = []
    routes = json.loads(run_ip("-j", "-4", "route", "show") or "[]")
    used = [
        route["dst"] for route in routes if route["dst"] != "default" and not route.get("dev", "").startswith("room")
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


def _interface(name: str) -> Path:
    return Path("/sys/class/net", name)


def _namespace(name: str) -> Path:
    return Path("/run/netns", name)


def _remove(name: str) -> None:
    for kind, path in (("link", _interface(name)), ("netns", _namespace(name))):
        if path.exists():
            try:
                run_ip(kind, "delete", name)
            except OSError:
                continue  # the kernel was faster: a pair goes when one end does


def _names_with(prefix: str) -> set[str]:
    folders = (Path("/sys/class/net"), Path("/run/netns"))
    return {entry.name for folder in folders for entry in folder.glob(f"{prefix}*")}


def clear_abandoned(claims: Path = CLAIMS) -> None:
    """Removes interfaces and rules of installations whose state folder is gone."""
    for claim in claims.glob("network-*"):
        owner = claim.read_text()
        if owner and not Path(owner).exists():
            octet = claim.name.rpartition("-")[2]
            for name in _names_with(f"room{octet}-"):
                _remove(name)
            firewall.remove(f"greenroom_{octet}")
            claim.unlink(missing_ok=True)


class OwnNetworks:
    """A namespace and a pair of interfaces for every sandbox: root only."""

    def __init__(self, state: Path) -> None:
        clear_abandoned()
        self._octet = claim_octet(state)
        self.prefix = f"room{self._octet}-"
        self._table = f"greenroom_{self._octet}"
        self._allocation = Allocation(state / "network.json", BLOCKS)
        self._ready: set[str] = set()
        network = f"10.{self._octet}.0.0/16"
        self.is_filtered = firewall.load(firewall.rules(self._table, self.prefix))
        way_out = firewall.default_interface()
        self.has_internet = (
            way_out is not None
            and self.is_filtered
            and firewall.load(firewall.way_out(self._table, network))
            and firewall.allow_forwarding(way_out)
        )

    def take(self, key: str) -> Place:
        """See Places.take."""
        number = self._allocation.take(key)
        name = f"{self.prefix}{number}"
        outside, inside = addresses_of(self._octet, number)
        if key not in self._ready or not (_interface(name).exists() and _namespace(name).exists()):
            self._make(name, outside, inside)
            self._ready.add(key)
        return Place(inside, INSTANCE_PORT, "0.0.0.0", name)  # noqa: S104 - of its own namespace

    def give_back(self, key: str) -> None:
        """See Places.give_back."""
        number = self._allocation.numbers.get(key)
        if number is not None:
            _remove(f"{self.prefix}{number}")
            self._ready.discard(key)
            self._allocation.give_back(key)

    def keep_only(self, keys: set[str]) -> None:
        """See Places.keep_only. What is kept was in use, so it is complete."""
        for key in [key for key in self._allocation.numbers if key not in keys]:
            self._allocation.give_back(key)
        names = {f"{self.prefix}{number}" for number in self._allocation.numbers.values()}
        for name in _names_with(self.prefix) - names:
            _remove(name)
        self._ready = set(self._allocation.numbers)

    def close(self) -> None:
        """See Places.close."""
        self.keep_only(set())
        firewall.remove(self._table)
        (CLAIMS / f"network-{self._octet}").unlink(missing_ok=True)

    @property
    def fact(self) -> str:
        """See Places.fact."""
        return f"sites {'can' if self.has_internet else 'cannot'} reach the internet"

    def _make(self, name: str, outside: str, inside: str) -> None:
        _remove(name)
        run_ip("netns", "add", name)
        run_ip(
            batch=[
                f"link add {name} type veth peer name eth0 netns {name}",
                f"address add {outside}/30 dev {name}",
                f"link set {name} up",
            ]
        )
        run_ip(
            "-n",
            name,
            batch=[
                "link set lo up",
                f"address add {inside}/30 dev eth0",
                "link set eth0 up",
                f"route add default via {outside}",
            ],
        )
        if self.has_internet:
            firewall.allow_forwarding(name)


class SharedNetwork:
    """Ports of the host's loopback: sites can reach each other, and whatever else listens there."""

    def __init__(self, state: Path) -> None:
        self._allocation = Allocation(state / "network.json", LAST_PORT - FIRST_PORT + 1)
        self._taken: set[str] = set()
        self._offset = int.from_bytes(hashlib.sha256(str(state).encode()).digest()[:4])

    def take(self, key: str) -> Place:
        """See Places.take. The port is tried only once: later the sandbox itself may hold it."""
        number = self._allocation.take(key)
        for _ in range(LAST_PORT - FIRST_PORT):
            if key in self._taken or self._is_free(self._port(number)):
                break
            number = self._allocation.skip(key)
        self._taken.add(key)
        return Place("127.0.0.1", self._port(number), "127.0.0.1")

    def give_back(self, key: str) -> None:
        """See Places.give_back."""
        self._taken.discard(key)
        self._allocation.give_back(key)

    def keep_only(self, keys: set[str]) -> None:
        """See Places.keep_only."""
        for key in [key for key in self._allocation.numbers if key not in keys]:
            self._allocation.give_back(key)
        self._taken = set(self._allocation.numbers)

    def close(self) -> None:
        """See Places.close."""

    @property
    def fact(self) -> str:
        """See Places.fact."""
        return "sites reach what this machine reaches"

    def _port(self, number: int) -> int:
        return FIRST_PORT + (self._offset + number) % (LAST_PORT - FIRST_PORT + 1)

    def _is_free(self, port: int) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True
