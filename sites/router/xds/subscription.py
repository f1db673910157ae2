"""What one Envoy asked for of one resource type, what it was sent and what it said to that."""

from collections.abc import Iterable
from typing import TypeAlias

from envoy.service.discovery.v3 import discovery_pb2

from sites.router.xds.resource import Kind, Resource

Request: TypeAlias = discovery_pb2.DeltaDiscoveryRequest
Response: TypeAlias = discovery_pb2.DeltaDiscoveryResponse


class Subscription:
    """The delta protocol's bookkeeping for one type of one stream; it knows nothing of sites."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.is_open = False
        """The node has asked for this type."""
        self.names: set[str] = set()
        """What the node asked for by name; nothing when it takes all (clusters, listeners, scopes)."""
        self._newest: dict[str, str | None] = {}
        """Name → the version sent last, or that the node brought along; None: a removal was sent."""
        self._held: dict[str, str] = {}
        """Name → the version that the node has acknowledged."""
        self._refused: dict[str, tuple[str, str]] = {}
        """Name → the version that the node refused last, and its words."""
        self._under_way: dict[str, dict[str, str | None]] = {}
        self._count = 0

    def receive(self, request: Request) -> set[str]:
        """Take a request. Returns the names of which the node's knowledge or wishes have changed."""
        touched = self._answered(request) if request.response_nonce else set()
        for name in request.resource_names_unsubscribe:
            self.names.discard(name)
            self.forget(name)
            touched.add(name)
        for name in request.resource_names_subscribe:
            if name != "*":
                self.names.add(name)
                # Asked again means: send again.
                self.forget(name)
                touched.add(name)
        if not self.is_open:
            # What the node brings along from before the stream it has acknowledged then.
            self._newest.update(request.initial_resource_versions)
            self._held.update(request.initial_resource_versions)
            touched.update(request.initial_resource_versions)
        self.is_open = True
        return touched

    def needs(self, resource: Resource) -> bool:
        """True when this version was not sent yet. A refused version is not sent again."""
        return self._newest.get(resource.name) != resource.version

    def holds(self, resource: Resource) -> bool:
        """True when the node has acknowledged this very version."""
        return self._held.get(resource.name) == resource.version

    def knows(self, name: str) -> bool:
        """True when the node has some version of it, or is being sent one."""
        return self._newest.get(name) is not None

    def still_holds(self, name: str) -> bool:
        """True until the node has acknowledged a removal."""
        return name in self._held

    def held_names(self) -> set[str]:
        """Everything that the node has acknowledged."""
        return set(self._held)

    def refusal(self, resource: Resource) -> str | None:
        """The node's words for refusing this version."""
        version, words = self._refused.get(resource.name, ("", ""))
        return words if version == resource.version else None

    def forget(self, name: str) -> None:
        """Send the resource again when it is next looked at."""
        self._newest.pop(name, None)
        self._held.pop(name, None)
        self._refused.pop(name, None)

    def send(self, resources: Iterable[Resource], removed: Iterable[str] = ()) -> Response:
        """The response that brings these resources, noted as under way."""
        self._count += 1
        resources, removed = list(resources), list(removed)
        versions: dict[str, str | None] = {resource.name: resource.version for resource in resources}
        versions.update(dict.fromkeys(removed))
        for name in versions:
            self._refused.pop(name, None)
        self._newest.update(versions)
        nonce = str(self._count)
        self._under_way[nonce] = versions
        return Response(
            type_url=self.kind.value,
            resources=[resource.message for resource in resources],
            removed_resources=removed,
            nonce=nonce,
        )

    def _answered(self, request: Request) -> set[str]:
        versions = self._under_way.pop(request.response_nonce, {})
        is_refused = request.HasField("error_detail")
        for name, version in versions.items():
            if name not in self._newest:
                continue  # unsubscribed meanwhile
            if version is None:
                self._held.pop(name, None)
                if self._newest[name] is None:
                    del self._newest[name]
            elif is_refused:
                self._refused[name] = (version, request.error_detail.message)
            else:
                self._held[name] = version
        return set(versions)
