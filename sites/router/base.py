"""What jobs may ask of a router, whatever technology it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from sites.router.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """How far each connected router node has come with one site."""

    versions: dict[str, int]
    """Node id → the highest `routes_version` of the site that the node has acknowledged in full."""
    refusals: dict[str, str] = field(default_factory=dict)
    """Node id → the node's own words for refusing the version that was asked for."""


@dataclass(frozen=True, slots=True)
class Served:
    """What the nodes gave to one cluster since they were first asked to count."""

    requests: int
    failed: int
    """Answered with a 5xx status, or not at all."""


class Router(Protocol):
    """The contract of a router adapter. Every method may be called again with the same arguments."""

    def publish(self, site_id: int, version: int, *, wait_seconds: float = 5.0) -> Acknowledgement:
        """Make every connected node take the site's committed routes, at least at `version`.

        Returns as soon as every connected node has acknowledged or refused it, at the latest after
        `wait_seconds`. A node acknowledges a version once it has acknowledged the endpoints of each
        cluster in the table and then the routes.

        Raises RouterUnreachable when the control plane of the router does not answer.
        """

    def requests_in_progress(self, clusters: Iterable[str]) -> dict[str, int | None]:
        """Count the requests, streams and WebSockets that all nodes still hold, by cluster.

        None: not counted yet, or a node that does not report.
        """

    def requests_served(self, clusters: Iterable[str]) -> dict[str, Served | None]:
        """Count what the nodes have given to each cluster since the first such call; ends with 5 s of silence.

        None: not counted yet, or a node that does not report.
        """

    def statistics(self) -> Statistics:
        """What the router has counted of every slot and revision since it began. Raises RouterUnreachable."""
