"""One Envoy's delta stream: what is sent when, in an order that never names what the Envoy does not have.

For a site whose routes the Envoy asked for: clusters → endpoints → (their acknowledgements) → routes → scopes,
and clusters that left the table only after the routes without them are acknowledged.
"""

from collections.abc import Iterable

from sites.router.table import OWN
from sites.router.xds.cache import Change, SiteResources, TableCache
from sites.router.xds.listener import Edge
from sites.router.xds.quic import QUIC_LISTENER, QuicListener
from sites.router.xds.resource import Kind, Resource
from sites.router.xds.routes import routes_name, site_of_routes
from sites.router.xds.secrets import QUIC, host_of, wildcard_of
from sites.router.xds.subscription import Request, Response, Subscription

MAX_BELOW_WILDCARDS = 1000
"""Certificates that an Envoy keeps for names below wildcards. One that was forgotten is asked for again."""


class Stream:
    """State of one stream, without any input or output: requests and changes go in, responses come out."""

    def __init__(self, node_id: str, cache: TableCache, edge: Edge) -> None:
        """`edge` is where this Envoy is to listen."""
        self.node_id = node_id
        self._listener = edge.listener
        self._quic = QuicListener(edge) if edge.speaks_http3 else None
        self.versions: dict[int, int] = {}
        """Site id → the highest table version that the node has acknowledged on this stream."""
        self._cache = cache
        self._clusters = Subscription(Kind.CLUSTER)
        self._endpoints = Subscription(Kind.ENDPOINTS)
        self._listeners = Subscription(Kind.LISTENER)
        self._scopes = Subscription(Kind.SCOPE)
        self._routes = Subscription(Kind.ROUTES)
        self._secrets = Subscription(Kind.SECRET)
        self._below_wildcards: dict[str, None] = {}
        """Secrets of names that only a wildcard answers, the oldest first: strangers can ask for any number of them."""
        self._filters = Subscription(Kind.FILTER)
        routing = (self._clusters, self._endpoints, self._listeners, self._scopes, self._routes)
        kinds = (*routing, self._secrets, self._filters)
        self._subscriptions = {subscription.kind.value: subscription for subscription in kinds}
        self._offered: dict[int, set[str]] = {}
        """Site id → the clusters of it that the node has."""
        self._brought: set[int] = set()
        """Sites that the node had before this stream, until it says which routes it wants."""
        self._strays: set[str] = set()
        """Clusters that the node had before this stream and that are in no table."""
        self._due_sites: set[int] = set()
        self._due_scopes: set[str] = set()
        self._must_repeat_scopes = False
        """Set when a listener is replaced or tried again: Envoy then waits for scopes without asking."""
        self._leaving: dict[str, int] = {}
        """Removed host name → the site it led to, until the node has acknowledged the removal."""

    @property
    def is_ready(self) -> bool:
        """False until the node has said which routes it has: before that nothing it holds can be judged."""
        return self._scopes.is_open and self._routes.is_open

    @property
    def loaded_sites(self) -> set[int]:
        """The sites whose routes the node asked for."""
        asked = {site_of_routes(name) for name in self._routes.names}
        return {site_id for site_id in asked if site_id is not None} | self._brought

    def receive(self, request: Request) -> list[Response]:
        """Take a request of the node; returns what to send now."""
        subscription = self._subscriptions.get(request.type_url)
        if subscription is None:
            return []
        is_first = not subscription.is_open
        touched = subscription.receive(request)
        if subscription is self._secrets:
            return self._secret_responses(request.resource_names_subscribe)
        if subscription is self._scopes:
            self._due_scopes |= set(self._cache.scopes) | touched if is_first else set()
            self._leaving = {host: site for host, site in self._leaving.items() if subscription.still_holds(host)}
        elif subscription is self._routes:
            if is_first:
                self._brought.clear()
                self._due_sites |= set(self._offered)
            self._due_sites |= {site_id for name in touched if (site_id := site_of_routes(name)) is not None}
        elif subscription is self._listeners:
            self._take_listener_answer(is_first)
        elif subscription is self._clusters and is_first:
            self._adopt(touched)
        elif subscription is self._endpoints:
            self._due_sites |= {site for name in touched if (site := self._cache.site_of_cluster(name)) is not None}
        return self._responses()

    def apply(self, change: Change) -> list[Response]:
        """Take a change of the tables; returns what to send now."""
        self._due_sites |= self.loaded_sites if change.site_id == OWN else {change.site_id}
        self._due_scopes |= change.scopes
        for host in change.scopes:
            if host not in self._cache.scopes and self._scopes.still_holds(host):
                self._leaving[host] = change.site_id
        return self._responses() + self._secret_responses(self._asked_secrets(change.secrets | change.scopes))

    def offer_listener_again(self) -> list[Response]:
        """A listener is refused while its port is taken; sent again it is tried again.

        That of HTTP/3 may have waited too, until it was time for another one.
        """
        if self._listeners.refusal(self._listener) is not None:
            self._listeners.forget(self._listener.name)
            self._must_repeat_scopes = True
            return self._responses()
        if self._quic and self._listeners.refusal(self._quic.listener(self._cache.quic_secrets)) is not None:
            self._listeners.forget(QUIC_LISTENER)
        return self._quic_responses()

    def has_acknowledged(self, site_id: int) -> bool:
        """True when the node serves the site as its present table says, also if it never asked for its routes."""
        if not self.is_ready or site_id in self._leaving.values():
            return False
        if not all(self._scopes.holds(scope) for scope in self._scopes_of(site_id)):
            return False
        if not self._has_loaded(site_id):
            return True
        found = self._cache.resources(site_id)
        return found is None or self._serves(found)

    def refusal(self, site_id: int) -> str | None:
        """The node's words for refusing a part of the site's present table."""
        found = self._cache.resources(site_id)
        if found is None:
            return None
        parts: list[tuple[Subscription, Resource]] = [(self._routes, found.routes)]
        parts += [(self._clusters, cluster) for cluster in found.clusters]
        parts += [(self._endpoints, endpoints) for endpoints in found.endpoints]
        parts += [(self._scopes, scope) for scope in self._scopes_of(site_id)]
        return next((words for part, one in parts if (words := part.refusal(one)) is not None), None)

    def listener_state(self) -> str:
        """`listening`, `waiting` or the node's words for not opening its port."""
        listener = self._listener
        if self._listeners.holds(listener) and self.is_ready:
            return "listening"
        return self._listeners.refusal(listener) or "waiting"

    def _take_listener_answer(self, is_first: bool) -> None:
        listener = self._listener
        if is_first:
            self._must_repeat_scopes = self._listeners.knows(listener.name) and self._listeners.needs(listener)
        elif self._must_repeat_scopes and self._listeners.holds(listener):
            self._must_repeat_scopes = False
            for host in self._cache.scopes:
                self._scopes.forget(host)
            self._due_scopes |= set(self._cache.scopes)

    def _adopt(self, clusters: set[str]) -> None:
        for name in clusters - {cluster.name for cluster in self._cache.fixed.clusters}:
            site_id = self._cache.site_of_cluster(name)
            if site_id is None:
                self._strays.add(name)
            else:
                self._offered.setdefault(site_id, set()).add(name)
                self._brought.add(site_id)
                self._due_sites.add(site_id)

    def _has_loaded(self, site_id: int) -> bool:
        return routes_name(site_id) in self._routes.names or site_id in self._brought

    def _scopes_of(self, site_id: int) -> list[Resource]:
        table = self._cache.tables.get(site_id)
        hosts = [route.host for route in table.hosts] if table is not None else []
        return [self._cache.scopes[host] for host in hosts if self._cache.site_of_scope(host) == site_id]

    def _serves(self, found: SiteResources) -> bool:
        is_reachable = all(self._endpoints.holds(endpoints) for endpoints in found.endpoints)
        return is_reachable and self._routes.holds(found.routes)

    def _responses(self) -> list[Response]:
        fixed = self._cache.fixed
        responses = []
        missing = [cluster for cluster in fixed.clusters if self._clusters.needs(cluster)]
        if self._clusters.is_open and missing:
            responses.append(self._clusters.send(missing))
        due, self._due_sites = self._due_sites, set()
        for site_id in sorted(due):
            responses += self._site_responses(site_id)
        if fixed.routes.name in self._routes.names and self._routes.needs(fixed.routes):
            responses.append(self._routes.send([fixed.routes]))
        responses += self._scope_responses()
        if self._wants(self._filters, self._cache.host_filter()):
            responses.append(self._filters.send([self._cache.host_filter()]))
        if self._listeners.is_open and self._listeners.needs(self._listener):
            responses.append(self._listeners.send([self._listener]))
        return responses + self._quic_responses() + self._stray_responses()

    def _quic_responses(self) -> list[Response]:
        """HTTP/3 comes after the listener for TCP: that one is refused where another Envoy has the ports still."""
        if self._quic is None or not self._listeners.holds(self._listener):
            return []
        listener = self._quic.listener(self._cache.quic_secrets)
        return [self._listeners.send([listener])] if self._listeners.needs(listener) else []

    def _site_responses(self, site_id: int) -> list[Response]:
        found = self._cache.resources(site_id)
        if not self._has_loaded(site_id):
            return self._removal(self._offered.pop(site_id, set()))
        if found is None:
            return []  # the removal of its scopes makes the node drop the routes, and then the clusters
        if not self._clusters.is_open:
            # A node that reconnects while a cluster lacks its endpoints says nothing of clusters before it has them
            known = [one for one in found.endpoints if self._wants(self._endpoints, one)]
            return [self._endpoints.send(known)] if known else []
        responses = []
        if clusters := [cluster for cluster in found.clusters if self._clusters.needs(cluster)]:
            for cluster in clusters:
                # A cluster that changes waits for its endpoints again.
                if self._endpoints.still_holds(cluster.name):
                    self._endpoints.forget(cluster.name)
            responses.append(self._clusters.send(clusters))
        offered = self._offered.setdefault(site_id, set())
        offered |= {cluster.name for cluster in found.clusters}
        if endpoints := [one for one in found.endpoints if self._wants(self._endpoints, one)]:
            responses.append(self._endpoints.send(endpoints))
        if self._wants(self._routes, found.routes) and all(self._endpoints.holds(one) for one in found.endpoints):
            responses.append(self._routes.send([found.routes]))
        if self._routes.holds(found.routes):
            gone = offered - {cluster.name for cluster in found.clusters}
            offered -= gone
            responses += self._removal(gone)
        return responses

    def _wants(self, subscription: Subscription, resource: Resource) -> bool:
        return resource.name in subscription.names and subscription.needs(resource)

    def _removal(self, clusters: set[str]) -> list[Response]:
        known = sorted(name for name in clusters if self._clusters.knows(name))
        return [self._clusters.send([], known)] if known else []

    def _scope_responses(self) -> list[Response]:
        if not self._scopes.is_open:
            return []
        changed, removed, waiting = [], [], set()
        for host in self._due_scopes:
            scope = self._cache.scopes.get(host)
            if scope is None:
                if self._scopes.knows(host):
                    removed.append(host)
            elif self._scopes.needs(scope):
                if self._is_ahead_of_routes(host):
                    waiting.add(host)
                else:
                    changed.append(scope)
        self._due_scopes = waiting
        return [self._scopes.send(changed, removed)] if changed or removed else []

    def _is_ahead_of_routes(self, host: str) -> bool:
        # Routes that the node has, but in a version that may not know this host name yet
        site_id = self._cache.site_of_scope(host)
        if site_id is None or routes_name(site_id) not in self._routes.names:
            return False
        found = self._cache.resources(site_id)
        return found is not None and self._routes.needs(found.routes)

    def _asked_secrets(self, hosts: frozenset[str]) -> list[str]:
        """The secrets that the node has asked for and that a change of these host names may have changed."""
        asked = self._secrets.names
        wild = {host for host in hosts if host.startswith("*.")}
        below = [name for name in asked if wildcard_of(name) in wild] if wild else []
        return sorted({*(asked & hosts), *(asked & {QUIC + host for host in hosts}), *below})

    def _secret_responses(self, names: Iterable[str]) -> list[Response]:
        """Send these secrets; a removal ends the handshakes that wait for one that there is not."""
        found = {name: self._cache.secret(name) for name in names}
        present = [one for one in found.values() if one is not None and self._secrets.needs(one)]
        gone = [name for name, one in found.items() if one is None]
        for secret in present:
            if self._cache.answering(host_of(secret.name)) not in (host_of(secret.name), None):
                self._below_wildcards[secret.name] = None
        while len(self._below_wildcards) > MAX_BELOW_WILDCARDS:
            oldest = next(iter(self._below_wildcards))
            del self._below_wildcards[oldest]
            gone.append(oldest)
        return [self._secrets.send(present, gone)] if present or gone else []

    def _stray_responses(self) -> list[Response]:
        if not self._strays or not self.is_ready:
            return []
        sites = [found for site_id in self.loaded_sites if (found := self._cache.resources(site_id)) is not None]
        if not all(self._serves(found) for found in sites):
            return []
        strays, self._strays = self._strays, set()
        return self._removal(strays)
