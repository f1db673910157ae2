"""Route tables for tests."""

from collections.abc import Iterable

from sites.router.table import Cluster, Endpoint, HostRoute, RouteTable, Sighting


def cluster(name: str, *ports: int) -> Cluster:
    """A cluster on the given ports."""
    return Cluster(name, tuple(Endpoint("127.0.0.1", port) for port in ports or (8001,)))


def sightings(clusters: Iterable[Cluster]) -> list[Sighting]:
    """Every endpoint as an instance that runs there."""
    return [Sighting(cluster.name, endpoint, True) for cluster in clusters for endpoint in cluster.endpoints]


def table(
    version: int, production: str = "r-1", staging: str = "r-2", site_id: int = 1, **changes: object
) -> RouteTable:
    """A site with two host names and the clusters r-1 and r-2."""
    name = f"site{site_id}"
    hosts = (
        HostRoute(f"{name}.localhost", "production", production),
        HostRoute(f"{name}-staging.localhost", "staging", staging, is_indexed=False),
    )
    values: dict[str, object] = {"hosts": hosts, "clusters": (cluster("r-1", 8001), cluster("r-2", 8002))} | changes
    return RouteTable(site_id=site_id, site=name, version=version, **values)  # type: ignore[arg-type]
