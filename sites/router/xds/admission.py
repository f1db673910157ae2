"""Which routers are let in: the one place that decides it, from what the database knows of them."""

import logging
import time
from collections.abc import Callable, Iterable

from sites.router.roster import KnownRouter

REPEAT_SECONDS = 600.0
"""A router that is refused tries again twice a second; the log says the same thing once in so long."""
MOST_COMPLAINTS = 256

logger = logging.getLogger(__name__)


class Admission:
    """What is known of the routers, and why one is refused."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, KnownRouter] = {}
        self._said: dict[str, float] = {}

    def take(self, routers: Iterable[KnownRouter]) -> None:
        """Know these routers from now on, and no others."""
        self._known = {router.name: router for router in routers}

    def is_retired(self, name: str) -> bool:
        """Whether the router was taken out of service."""
        known = self._known.get(name)
        return known is not None and known.is_retired

    def refusal(self, name: str) -> str:
        """Why a router may not speak under this name, as a sentence; empty when it may."""
        if self.is_retired(name):
            return f"Router {name} is retired. Let it in again with: ./greenroom router activate {name}"
        return ""

    def complain(self, sentence: str) -> None:
        """Write a refusal into the log, unless it stands there already since a short time."""
        now = self._clock()
        self._said = {text: at for text, at in self._said.items() if now - at < REPEAT_SECONDS}
        if sentence not in self._said and len(self._said) < MOST_COMPLAINTS:
            self._said[sentence] = now
            logger.warning("%s", sentence)
