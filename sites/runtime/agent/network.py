"""Where instances are reached: each in a network namespace of its own, or on ports of the host's loopback."""

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sites.runtime.agent import firewall, links
from sites.runtime.agent.addresses import ADDRESSES, CLAIMS, Allocation, address_of, claim_octet, gateway_of
from sites.runtime.spec import INSTANCE_PORT

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


def clear_abandoned(claims: Path = CLAIMS) -> None:
    """Removes interfaces and rules of installations whose state folder is gone."""
    for claim in claims.glob("network-*"):
        owner = claim.read_text()
        if owner and not Path(owner).exists():
            octet = claim.name.rpartition("-")[2]
            for name in links.names_with(f"room{octet}-"):
                links.remove(name)
            links.remove_gateway(gateway_of(int(octet)))
            firewall.remove(f"greenroom_{octet}")
            claim.unlink(missing_ok=True)


class OwnNetworks:
    """A namespace and a pair of interfaces for every sandbox: root only."""

    def __init__(self, state: Path) -> None:
        clear_abandoned()
        self._octet = claim_octet(state)
        self.prefix = f"room{self._octet}-"
        self._table = f"greenroom_{self._octet}"
        self._gateway = gateway_of(self._octet)
        self._allocation = Allocation(state / "network.json", ADDRESSES)
        network = f"10.{self._octet}.0.0/16"
        links.have_gateway(self._gateway)
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
        inside = address_of(self._octet, number)
        if not links.is_complete(name):
            links.make_pair(name, self._gateway, inside)
            if self.has_internet:
                firewall.allow_forwarding(name)
        return Place(inside, INSTANCE_PORT, "0.0.0.0", name)  # noqa: S104 - of its own namespace

    def give_back(self, key: str) -> None:
        """See Places.give_back."""
        number = self._allocation.numbers.get(key)
        if number is not None:
            links.remove(f"{self.prefix}{number}")
            self._allocation.give_back(key)

    def keep_only(self, keys: set[str]) -> None:
        """See Places.keep_only."""
        for key in [key for key in self._allocation.numbers if key not in keys]:
            self._allocation.give_back(key)
        names = {f"{self.prefix}{number}" for number in self._allocation.numbers.values()}
        for name in links.names_with(self.prefix) - names:
            links.remove(name)

    def close(self) -> None:
        """See Places.close."""
        self.keep_only(set())
        firewall.remove(self._table)
        links.remove_gateway(self._gateway)
        (CLAIMS / f"network-{self._octet}").unlink(missing_ok=True)

    @property
    def fact(self) -> str:
        """See Places.fact."""
        return f"sites {'can' if self.has_internet else 'cannot'} reach the internet"


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
