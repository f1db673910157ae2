"""What every registered router says of a site's routes."""

from dataclasses import dataclass

from django.conf import settings

from sites.errors import RoutesRefused
from sites.models import Site
from sites.operations.turn import Turn
from sites.router import get_router
from sites.routing import registered_nodes

WAIT_SECONDS = 0.3
"""How long a worker may wait for routers, most of which answer within milliseconds."""
NOBODY = "a first router, since none has registered yet"
"""Stands for the routers that are missing while there are none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How far the registered routers have come with a site's routes; one that is away has not acknowledged."""

    missing: frozenset[str]
    """Routers without an acknowledgement; NOBODY while none is registered."""
    refusal: str = ""
    """Why every router refuses the routes; empty when one may yet take them."""

    @property
    def sentence(self) -> str:
        """For people."""
        if not self.missing:
            return "acknowledged by every router"
        return f"waiting for {self.late}" + (f". {self.remedy}" if self.remedy else "")

    @property
    def late(self) -> str:
        """The missing routers by name."""
        return ", ".join(sorted(self.missing))

    @property
    def remedy(self) -> str:
        """What to do if a missing router is gone; empty where `up` brings it back."""
        others = sorted(self.missing - {NOBODY, settings.ROUTER_NODE})
        commands = " and ".join(f"./greenroom router retire {name}" for name in others)
        return f"If {'it is' if len(others) == 1 else 'they are'} gone for good: {commands}" if others else ""


def publish(site: Site, *, wait_seconds: float = WAIT_SECONDS) -> Answer:
    """Have every connected router take the committed routes, at least at the version that `site` knows of.

    Raises RouterUnreachable.
    """
    acknowledged = get_router().publish(site.pk, site.routes_version, wait_seconds=wait_seconds)
    registered = registered_nodes()
    missing = {node for node in registered if acknowledged.versions.get(node, -1) < site.routes_version}
    refused = acknowledged.refusals if registered and registered <= acknowledged.refusals.keys() else {}
    return Answer(frozenset(missing if registered else {NOBODY}), next(iter(refused.values()), ""))


def acknowledged(turn: Turn) -> Answer:
    """What the routers say of the routes of the site. Raises RoutesRefused when every router refuses them."""
    answer = publish(turn.site)
    if answer.refusal:
        raise RoutesRefused(what=turn.what, reason=answer.refusal, holds=turn.holds)
    return answer


def announce(site: Site) -> None:
    """Tell the routers of the committed routes, and wait for none. Raises RouterUnreachable."""
    get_router().publish(site.pk, site.routes_version, wait_seconds=0.0)
