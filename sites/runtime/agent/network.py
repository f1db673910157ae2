"""Where sandboxes are: what gives them their places, and ports of the host's loopback for those without a network."""

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sites.runtime.agent.addresses import Allocation

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
    """Gives sandboxes their places, by their keys; every call may be repeated."""

    def take(self, key: str) -> Place:
        """Raises OSError when there is none to give."""

    def give_back(self, key: str) -> None:
        """The sandbox of that key has ended for good."""

    def clear_away(self, key: str) -> None:
        """The sandbox of that key has ended, and will have the same place when it starts again."""

    def keep_only(self, keys: set[str]) -> None:
        """Clears away what a former agent left behind."""

    def look_after(self) -> None:
        """Puts back what other programs of the machine have taken away. Raises OSError when that fails."""

    def close(self) -> None:
        """The installation runs nothing any more."""

    @property
    def fact(self) -> str:
        """For people: what sites can reach."""


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
        self.clear_away(key)
        self._allocation.give_back(key)

    def clear_away(self, key: str) -> None:
        """See Places.clear_away."""
        self._taken.discard(key)

    def keep_only(self, keys: set[str]) -> None:
        """See Places.keep_only."""
        for key in [key for key in self._allocation.numbers if key not in keys]:
            self._allocation.give_back(key)
        self._taken = set(self._allocation.numbers)

    def look_after(self) -> None:
        """See Places.look_after."""

    def close(self) -> None:
        """See Places.close."""

    @property
    def fact(self) -> str:
        """See Places.fact."""
        return "sites and builds reach what this machine reaches"

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
