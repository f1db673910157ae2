"""A network namespace for every sandbox, in a block of addresses that leads nowhere else: root only."""

import fcntl
import logging
from dataclasses import dataclass
from pathlib import Path

from sites.runtime.agent import firewall, links
from sites.runtime.agent.addresses import (
    ADDRESSES,
    CLAIMS,
    Allocation,
    address_of,
    block_of,
    claim_octet,
    gateway_of,
)
from sites.runtime.agent.name_servers import find_name_servers
from sites.runtime.agent.network import Place
from sites.runtime.spec import INSTANCE_PORT

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reach:
    """What the administrator lets sandboxes reach."""

    allows_private: bool = True
    """Private networks (RFC 1918, RFC 6598), where databases often are."""
    name_servers: tuple[str, ...] = ()
    """In place of the machine's own."""


def clear_abandoned(claims: Path = CLAIMS) -> None:
    """Removes interfaces, rules and routes of installations whose state folder is gone."""
    for claim in claims.glob("network-*"):
        owner = claim.read_text()
        if owner and not Path(owner).exists():
            _clear(int(claim.name.rpartition("-")[2]))
            claim.unlink(missing_ok=True)
    for route in filter(links.is_closed_block, links.routes()):
        if not (claims / f"network-{route['dst'].split('.')[1]}").exists():
            links.open_block(route["dst"])


def give_up_block(state: Path, claims: Path = CLAIMS) -> None:
    """Frees the addresses of an installation whose router has ended, unless an agent or sandboxes are still there."""
    try:
        with (state / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for claim in claims.glob("network-*"):
                octet = int(claim.name.rpartition("-")[2])
                if claim.read_text() == str(state) and not links.names_with(_prefix(octet)):
                    _clear(octet)
                    claim.unlink(missing_ok=True)
    except OSError:
        return  # no agent was ever started, or one is at work


def _prefix(octet: int) -> str:
    return f"room{octet}-"


def _clear(octet: int) -> None:
    for name in links.names_with(_prefix(octet)):
        links.remove(name)
    links.remove_gateway(gateway_of(octet))
    firewall.remove(f"greenroom_{octet}")
    links.open_block(block_of(octet))


class OwnNetworks:
    """Implements Places; at its start all addresses that nobody has lead nowhere, and from then on."""

    def __init__(self, state: Path, reach: Reach, claims: Path = CLAIMS) -> None:
        """Raises OSError when no block of addresses is free, or nft refuses the rules."""
        clear_abandoned(claims)
        self._octet = claim_octet(state, claims)
        self._network, self._gateway = block_of(self._octet), gateway_of(self._octet)
        links.close_block(self._network)
        self.prefix = _prefix(self._octet)
        self._reach = reach
        self._claims = claims
        self._allocation = Allocation(state / "network.json", ADDRESSES)
        self._rules = ""
        self.has_internet = False
        self._load_rules(self._plan())
        links.have_gateway(self._gateway)

    def take(self, key: str) -> Place:
        """See Places.take."""
        number = self._allocation.take(key)
        name = f"{self.prefix}{number}"
        inside = address_of(self._octet, number)
        if not links.is_complete(name):
            links.make_pair(name, self._gateway, inside)
            firewall.allow_forwarding(name)
        return Place(inside, INSTANCE_PORT, "0.0.0.0", name)  # noqa: S104 - of its own namespace

    def give_back(self, key: str) -> None:
        """See Places.give_back."""
        self.clear_away(key)
        self._allocation.give_back(key)

    def clear_away(self, key: str) -> None:
        """See Places.clear_away."""
        number = self._allocation.numbers.get(key)
        if number is not None:
            links.remove(f"{self.prefix}{number}")

    def keep_only(self, keys: set[str]) -> None:
        """See Places.keep_only."""
        for key in [key for key in self._allocation.numbers if key not in keys]:
            self._allocation.give_back(key)
        self._remove_pairs(kept={f"{self.prefix}{number}" for number in self._allocation.numbers.values()})

    def look_after(self) -> None:
        """See Places.look_after: another firewall's start, or a network manager, may have cleared the tables."""
        links.have_gateway(self._gateway)
        self._have_routes()
        plan = self._plan()
        if not firewall.is_loaded(plan.table):
            logger.warning("Another program has removed the firewall rules of the sandboxes. They are loaded again.")
            self._load_rules(plan)
        elif firewall.rules(plan) != self._rules:
            logger.info("The network of this machine has changed. The firewall rules of the sandboxes follow it.")
            self._load_rules(plan)

    def close(self) -> None:
        """See Places.close. The block stays closed: a router may still run and send visitors to it."""
        self._remove_pairs(kept=set())
        firewall.remove(f"greenroom_{self._octet}")
        links.remove_gateway(self._gateway)

    @property
    def fact(self) -> str:
        """See Places.fact."""
        return f"sites and builds {'can' if self.has_internet else 'cannot'} reach the internet"

    def _plan(self) -> firewall.Plan:
        """What the rules depend on now; where there is a way to the internet, it is opened."""
        way_out = firewall.default_interface()
        self.has_internet = way_out is not None and firewall.allow_forwarding(way_out, self._claims)
        return firewall.Plan(
            table=f"greenroom_{self._octet}",
            prefix=self.prefix,
            network=self._network,
            name_servers=find_name_servers(self._reach.name_servers).reached,
            allows_private=self._reach.allows_private,
            max_flows=firewall.max_flows(),
            way_out=way_out if firewall.must_close(way_out, self._claims) else None,
        )

    def _have_routes(self) -> None:
        there = {route["dst"]: route.get("dev", "") for route in links.routes()}
        if self._network not in there:
            links.close_block(self._network)
        for number in self._allocation.numbers.values():
            name, inside = f"{self.prefix}{number}", address_of(self._octet, number)
            if links.is_complete(name):
                firewall.allow_forwarding(name)
                if there.get(inside) != name:
                    links.have_route(name, self._gateway, inside)

    def _load_rules(self, plan: firewall.Plan) -> None:
        text = firewall.rules(plan)
        if said := firewall.load(text):
            raise OSError(f"nft refused the firewall rules of the sandboxes: {said}")
        self._rules = text

    def _remove_pairs(self, *, kept: set[str]) -> None:
        for name in links.names_with(self.prefix) - kept:
            links.remove(name)
