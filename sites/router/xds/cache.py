"""All route tables and the resources made of them; a change touches one site, whatever their number."""

from collections.abc import Iterable
from dataclasses import dataclass

from sites.router.table import OWN, PORTAL_CLUSTER, Cluster, RouteTable, Sighting
from sites.router.xds.clusters import cluster_resource, endpoints_resource, portal_cluster
from sites.router.xds.confirmed import Confirmed
from sites.router.xds.guarded import guard_cluster, guard_cluster_name
from sites.router.xds.host_filter import host_filter_resource
from sites.router.xds.resource import Resource
from sites.router.xds.routes import PORTAL_ROUTES, portal_routes, routes_name, routes_resource, scope_resource
from sites.router.xds.secrets import Secrets, TlsMaterial, host_of, wildcard_of
from sites.router.xds.tracing import collector_cluster
from sites.telemetry.collector import Collector


@dataclass(frozen=True, slots=True)
class SiteResources:
    """What an Envoy needs to serve one site."""

    routes: Resource
    clusters: tuple[Resource, ...]
    endpoints: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What has become different in one site."""

    site_id: int
    scopes: frozenset[str]
    """Host names whose scope came, changed or left."""
    secrets: frozenset[str] = frozenset()
    """Host names whose certificate came, changed or left."""


@dataclass(frozen=True, slots=True)
class Fixtures:
    """The resources that do not depend on any site."""

    clusters: tuple[Resource, ...]
    routes: Resource
    scopes: dict[str, Resource]
    guard_socket: str = ""
    """Where the guard answers."""


def fixtures(
    web_socket: str, portal_hosts: Iterable[str], guard_socket: str = "", collector: Collector | None = None
) -> Fixtures:
    """The portal on its hosts, the guard and the collector. An IPv6 address stands in brackets."""
    hosts = list(dict.fromkeys(portal_hosts))
    scopes = {host: scope_resource(host, PORTAL_ROUTES, is_on_demand=False) for host in hosts}
    clusters = (portal_cluster(web_socket), *((collector_cluster(collector),) if collector else ()))
    return Fixtures(clusters, portal_routes(hosts), scopes, guard_socket)


def offered_clusters(table: RouteTable) -> list[Cluster]:
    """The clusters of the table, and empty ones for routes whose cluster has no instance at this moment.

    Without them the cluster would leave and come back with its first instance, in the middle of requests.
    """
    offered = {cluster.name: cluster for cluster in table.clusters}
    for route in table.hosts:
        if route.cluster is not None and route.cluster != PORTAL_CLUSTER:
            offered.setdefault(route.cluster, Cluster(route.cluster, (), route.speaks_http2))
    return list(offered.values())


def _guarded_slots(table: RouteTable) -> list[int]:
    return sorted({route.slot_id for route in table.hosts if route.rule})


def _names(table: RouteTable) -> list[str]:
    """Of all clusters that belong to the site."""
    instances = [cluster.name for cluster in offered_clusters(table)]
    return [*instances, *map(guard_cluster_name, _guarded_slots(table))]


class TableCache:
    """The server's only knowledge of sites."""

    def __init__(self, fixed: Fixtures, material: TlsMaterial | None = None) -> None:
        self.fixed = fixed
        self._secrets = Secrets(material, list(fixed.scopes)) if material else None
        self.tables: dict[int, RouteTable] = {}
        self.scopes: dict[str, Resource] = dict(fixed.scopes)
        self._site_of_scope: dict[str, int] = {}
        self._site_of_cluster: dict[str, int] = {}
        self._resources: dict[int, SiteResources] = {}
        self._confirmed = Confirmed()
        self._host_filter: Resource | None = None
        self.ordinals: dict[tuple[str, str, int], int] = {}
        """Cluster, address and port of each instance that there is → its ordinal."""

    def version(self, site_id: int) -> int | None:
        """The version of the site's table; None when there is none."""
        table = self.tables.get(site_id)
        return None if table is None else table.version

    def put(self, table: RouteTable) -> Change | None:
        """Take a newer table of a site. None: it is not newer."""
        before = self.tables.get(table.site_id)
        if before is not None and before.version >= table.version:
            return None
        changed = self._forget(before, kept={route.host for route in table.hosts}) if before else set()
        for route in table.hosts:
            if route.host in self.fixed.scopes:
                continue
            if self._site_of_scope.get(route.host) != table.site_id:
                self._site_of_scope[route.host] = table.site_id
                self.scopes[route.host] = scope_resource(route.host, routes_name(table.site_id))
                changed.add(route.host)
        for name in _names(table):
            self._site_of_cluster[name] = table.site_id
        self.tables[table.site_id] = table
        if table.site_id == OWN:  # where HTTP/3 is found stands in the routes of every site
            self._resources.clear()
        self._note_wildcards(changed)
        return Change(table.site_id, frozenset(changed), self._put_secrets(before, table))

    def remove(self, site_id: int) -> Change | None:
        """Forget a site. None: it was not known."""
        table = self.tables.pop(site_id, None)
        if table is None:
            return None
        gone = self._forget(table, kept=set())
        self._note_wildcards(gone)
        return Change(site_id, frozenset(gone), self._put_secrets(table, None))

    def host_filter(self) -> Resource:
        """The filter that knows the wildcards among all host names."""
        if self._host_filter is None:
            self._host_filter = host_filter_resource(self.scopes)
        return self._host_filter

    def _note_wildcards(self, changed: Iterable[str]) -> None:
        """The filter is another one if a wildcard came or left, or a name below one."""
        if any(host.startswith("*.") or wildcard_of(host) in self.scopes for host in changed):
            self._host_filter = None

    def secret(self, name: str) -> Resource | None:
        """The certificate for the host name that a client asks for; None if nothing answers at that name."""
        if self._secrets is None:
            return None
        return self._secrets.find(name, self.answering(host_of(name)))

    @property
    def quic_secrets(self) -> tuple[str, ...]:
        """The secrets that a listener for HTTP/3 needs."""
        return self._secrets.quic if self._secrets else ()

    def _http3_of(self, table: RouteTable) -> dict[str, int]:
        """Host name → the port at which it is found by HTTP/3."""
        found = {route.host: self._secrets.port_of_http3(route.host) for route in table.hosts} if self._secrets else {}
        return {host: port for host, port in found.items() if port}

    def answering(self, name: str) -> str | None:
        """The host name at which `name` is answered: itself, or the wildcard that stands for it."""
        if name in self.scopes:
            return name
        wildcard = wildcard_of(name)
        return wildcard if wildcard in self.scopes else None

    def see(self, sightings: Iterable[Sighting]) -> list[Change]:
        """Take the runtime's report of all instances; what has become different in sites that are known."""
        present = list(sightings)
        changed = self._confirmed.take(present)
        self.ordinals = {
            (one.cluster, one.endpoint.address, one.endpoint.port): one.ordinal for one in present if one.endpoint
        }
        sites = {site_id for name in changed if (site_id := self._site_of_cluster.get(name)) is not None}
        for site_id in sites:
            self._resources.pop(site_id, None)
        return [Change(site_id, frozenset()) for site_id in sorted(sites)]

    def is_confirmed(self, table: RouteTable) -> bool:
        """Whether every endpoint of the table may be offered."""
        return all(self._confirmed.only(cluster) == cluster for cluster in table.clusters)

    def resources(self, site_id: int) -> SiteResources | None:
        """The site's resources, made when they are first needed; None when the site has no table."""
        table = self.tables.get(site_id)
        if table is None:
            return None
        if site_id not in self._resources:
            clusters = offered_clusters(table)
            self._resources[site_id] = SiteResources(
                routes=routes_resource(table, self._http3_of(table)),
                clusters=(
                    *(cluster_resource(cluster.name, speaks_http2=cluster.speaks_http2) for cluster in clusters),
                    *(guard_cluster(slot_id, self.fixed.guard_socket) for slot_id in _guarded_slots(table)),
                ),
                endpoints=tuple(endpoints_resource(self._confirmed.only(cluster)) for cluster in clusters),
            )
        return self._resources[site_id]

    def site_of_scope(self, host: str) -> int | None:
        """The site that a host name leads to."""
        return self._site_of_scope.get(host)

    def site_of_cluster(self, name: str) -> int | None:
        """The site to which a cluster belongs; None when it is in no table (any more)."""
        return self._site_of_cluster.get(name)

    def _put_secrets(self, before: RouteTable | None, table: RouteTable | None) -> frozenset[str]:
        return self._secrets.put(before, table) if self._secrets else frozenset()

    def _forget(self, table: RouteTable, kept: set[str]) -> set[str]:
        self._resources.pop(table.site_id, None)
        for name in _names(table):
            self._site_of_cluster.pop(name, None)
        # A host name that has moved to another site meanwhile is that site's.
        gone = {
            route.host
            for route in table.hosts
            if route.host not in kept and self._site_of_scope.get(route.host) == table.site_id
        }
        for host in gone:
            del self._site_of_scope[host]
            del self.scopes[host]
        return gone
