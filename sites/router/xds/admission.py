"""Which routers are let in: the one place that decides it, from what the database knows of them."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sites.router.authority import Certificate
from sites.router.roster import KnownRouter

REPEAT_SECONDS = 600.0
"""A router that is refused tries again twice a second; the log says the same thing once in so long."""
MAX_COMPLAINTS = 256
NAME_LENGTH = 64

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of a connection."""

    connection: str = ""
    """Tells connections apart; empty for the unix socket, which only the owner of the data folder can open."""
    certificate: Certificate | None = None
    """What it has proved to be; None for the unix socket."""


LOCAL = Peer()
GONE = Peer("gone")
"""One that came by a certificate, and whose connection has ended before it was asked for; never taken for LOCAL."""


class Admission:
    """What is known of the routers, and why one is refused."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, KnownRouter] | None = None
        self._said: dict[str, float] = {}

    def take(self, routers: Iterable[KnownRouter]) -> None:
        """Know these routers from now on, and no others."""
        self._known = {router.name: router for router in routers}

    def is_retired(self, name: str) -> bool:
        """Whether the router was taken out of service."""
        known = (self._known or {}).get(name)
        return known is not None and known.is_retired

    def refusal(self, name: str, peer: Peer = LOCAL) -> str:
        """Why this peer may not speak under this name, as a sentence; empty when it may."""
        if peer == GONE:
            return "A router ended its connection before it was let in."
        if fault := _fault_of_name(name) or self._fault_of(peer, name):
            return fault
        if self.is_retired(name):
            return f"Router {name} is retired. Let it in again with: ./greenroom router activate {name}"
        return ""

    def complain(self, sentence: str) -> None:
        """Write a refusal into the log, unless it stands there already since a short time."""
        now = self._clock()
        self._said = {text: at for text, at in self._said.items() if now - at < REPEAT_SECONDS}
        if sentence not in self._said and len(self._said) < MAX_COMPLAINTS:
            self._said[sentence] = now
            logger.warning("%s", sentence)

    def _fault_of(self, peer: Peer, name: str) -> str:
        own = (self._known or {}).get(name)
        certificate = peer.certificate
        if certificate is None:
            if own is None or not own.certificates:
                return ""
            return (
                f"An Envoy of this machine calls itself {name}, which is a router with a certificate. Give this "
                "machine's router another name with GREENROOM_ROUTER_NODE, and start `up` again."
            )
        if certificate.name != name:
            return f"A router with the certificate of {certificate.name} calls itself {name}, and is refused."
        if self._known is None:
            return f"Router {name} is not let in before the database has been read once."
        if own is None or certificate.fingerprint not in own.certificates:
            return (
                f"Router {name} came with a certificate that is not valid any more. "
                f"Make new ones: ./greenroom router credentials {name}"
            )
        if certificate.expires_at <= datetime.now(UTC):
            return f"The certificate of router {name} has expired. Make new ones: ./greenroom router credentials {name}"
        return ""


def _fault_of_name(name: str) -> str:
    if not name:
        return "A router did not say its name, and is refused."
    if len(name) > NAME_LENGTH:
        return f"A router has a name of more than {NAME_LENGTH} characters ({name[:20]}…), and is refused."
    return ""
