"""One xDS resource with a version made of its content, so that a restarted server has nothing to resend."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message


class Kind(StrEnum):
    """The resource types that the server offers, by type URL."""

    CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
    ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
    LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
    SCOPE = "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration"
    FILTER = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
    SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105  a type
    ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource, ready to be put into a response."""

    kind: Kind
    name: str
    version: str
    message: discovery_pb2.Resource


def resource(kind: Kind, name: str, message: Message) -> Resource:
    """Pack `message` under `name`; equal content always gets an equal version."""
    content = message.SerializeToString(deterministic=True)
    version = blake2b(content, digest_size=8).hexdigest()
    packed = Any(type_url=kind.value, value=content)
    return Resource(kind, name, version, discovery_pb2.Resource(name=name, version=version, resource=packed))


def pack(message: Message) -> Any:
    """`message` as an Any whose bytes are the same in every process."""
    packed = Any()
    packed.Pack(message, deterministic=True)
    return packed
