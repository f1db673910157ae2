"""An Envoy as far as the delta protocol goes: it asks, takes, acknowledges, and can be told to refuse or to wait."""

from envoy.service.discovery.v3 import discovery_pb2

from sites.router.bounds import bounds
from sites.router.xds.cache import Change, TableCache, fixtures
from sites.router.xds.listener import Edge
from sites.router.xds.resource import Kind
from sites.router.xds.routes import routes_name
from sites.router.xds.stream import Stream
from sites.router.xds.subscription import Request, Response

EDGE = Edge(["127.0.0.1"], 8080, bounds(20_000), 300)


def make_cache() -> TableCache:
    """A cache with the portal and no site."""
    return TableCache(fixtures("/run/web.sock", ["localhost", "127.0.0.1"]))


class ImaginedEnvoy:
    """Drives one Stream. `resources` is what it has, `log` what it was sent, in order."""

    def __init__(
        self, cache: TableCache, resources: dict[Kind, dict[str, str]] | None = None, edge: Edge = EDGE
    ) -> None:
        self.stream = Stream("router-1", cache, edge)
        self.resources = resources or {kind: {} for kind in Kind}
        self.log: list[tuple[Kind, str, str]] = []
        """(kind, `+` or `-`, name)"""
        self.refuses: set[Kind] = set()
        self.delays: set[Kind] = set()
        self.delayed: list[Response] = []

    def connect(self, *routes: str) -> None:
        """Ask for everything, and for these routes beside the portal's."""
        for kind in (Kind.CLUSTER, Kind.LISTENER, Kind.SCOPE):
            self.ask(kind)
        self.ask(Kind.ROUTES, "portal", *routes)

    def load(self, site_id: int) -> None:
        """Ask for a site's routes, as for a first request."""
        self.ask(Kind.ROUTES, routes_name(site_id))

    def ask(self, kind: Kind, *names: str) -> None:
        """Subscribe; the first time with what it has."""
        brought = {} if self.stream._subscriptions[kind.value].is_open else self.resources[kind]
        self._send(Request(type_url=kind.value, resource_names_subscribe=names, initial_resource_versions=brought))

    def drop(self, kind: Kind, *names: str) -> None:
        """Unsubscribe."""
        for name in names:
            self.resources[kind].pop(name, None)
        self._send(Request(type_url=kind.value, resource_names_unsubscribe=names))

    def apply(self, change: Change | None) -> None:
        """The tables have changed."""
        assert change is not None
        self.take(self.stream.apply(change))

    def release(self) -> None:
        """Answer what was delayed."""
        self.delays.clear()
        delayed, self.delayed = self.delayed, []
        self.take(delayed)

    def take(self, responses: list[Response]) -> None:
        """Take responses as Envoy does."""
        for response in responses:
            kind = Kind(response.type_url)
            if kind in self.delays:
                self.delayed.append(response)
                continue
            self.log += [(kind, "+", resource.name) for resource in response.resources]
            self.log += [(kind, "-", name) for name in response.removed_resources]
            answer = Request(type_url=response.type_url, response_nonce=response.nonce)
            if kind in self.refuses:
                answer.error_detail.message = "refused by the test"
                self._send(answer)
                continue
            self._keep(kind, response)
            self._send(answer)

    def _keep(self, kind: Kind, response: discovery_pb2.DeltaDiscoveryResponse) -> None:
        known = self.resources[kind]
        new = [resource.name for resource in response.resources if resource.name not in known]
        known.update({resource.name: resource.version for resource in response.resources})
        for name in response.removed_resources:
            known.pop(name, None)
        if kind is Kind.CLUSTER:
            if wanted := [name for name in new if name != "portal"]:
                self.ask(Kind.ENDPOINTS, *wanted)
            if gone := [name for name in response.removed_resources if name in self.resources[Kind.ENDPOINTS]]:
                self.drop(Kind.ENDPOINTS, *gone)

    def _send(self, request: Request) -> None:
        self.take(self.stream.receive(request))
