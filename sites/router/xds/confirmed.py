"""Which endpoints may be offered: those that the runtime has confirmed since this server started.

Rows say where instances were when they were last seen. After a restart of the machine somebody else may be there.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from sites.router.table import Cluster, Endpoint, Sighting


class Confirmed:
    """Confirmed endpoints by cluster.

    An instance that has crashed keeps its endpoint: nobody else gets its place, and the router's retries reach it
    again as soon as it is back. It loses the endpoint when it ends, or is reported elsewhere.
    """

    def __init__(self) -> None:
        self._endpoints: dict[str, frozenset[Endpoint]] = {}

    def take(self, sightings: Iterable[Sighting]) -> set[str]:
        """Take a report of all instances there are; returns the clusters whose confirmed endpoints have changed."""
        running: dict[str, set[Endpoint]] = defaultdict(set)
        present: dict[str, set[Endpoint | None]] = defaultdict(set)
        for sighting in sightings:
            present[sighting.cluster].add(sighting.endpoint)
            if sighting.is_running and sighting.endpoint is not None:
                running[sighting.cluster].add(sighting.endpoint)
        former, self._endpoints = self._endpoints, {}
        for name, seen in present.items():
            known = former.get(name, frozenset())
            kept = known if None in seen else known & seen
            if confirmed := frozenset(running[name] | kept):
                self._endpoints[name] = confirmed
        names = former.keys() | self._endpoints.keys()
        return {name for name in names if former.get(name) != self._endpoints.get(name)}

    def only(self, cluster: Cluster) -> Cluster:
        """The cluster with those of its endpoints that are confirmed."""
        confirmed = self._endpoints.get(cluster.name, frozenset())
        return replace(cluster, endpoints=tuple(one for one in cluster.endpoints if one in confirmed))
