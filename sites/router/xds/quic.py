"""HTTP/3: a second listener, by UDP at the port of TLS.

Envoy's choice of certificates on demand does not know QUIC. So this listener names every certificate that it may need,
and changes with them. Envoy replaces the one filter chain in place: connections that are open go on, are told to come
again when they are next used, and end minutes later. Until then Envoy keeps the memory of the former one. So whoever
changes certificates without end must not have it replaced as often: changes are collected.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.network.connection_limit.v3 import connection_limit_pb2
from envoy.extensions.transport_sockets.quic.v3 import quic_transport_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2, tls_pb2
from google.protobuf import json_format

from sites.router.xds.listener import Edge
from sites.router.xds.manager import HTTP_3, manager
from sites.router.xds.resource import Kind, Resource, pack, resource
from sites.router.xds.tls_socket import HANDSHAKE_SECONDS, from_ads

QUIC_LISTENER = "edge-http3"
SILENT_SECONDS = 60
"""A connection without any packet is forgotten then. Browsers come directly, and keep none longer.

This holds also for one whose client is not heard again after its hello: Envoy's library (QUICHE) counts silence alone
once it has read the hello, whatever the limit for handshakes is."""
AT_ONCE = 5
"""So many listeners in a row are made without a wait, the first one among them."""
EVERY_SECONDS = 60
"""After those there is one in so many seconds, with all changes since."""


class QuicListener:
    """That of one router; it is made anew when the certificates are others, but not more often than it may be."""

    def __init__(self, edge: Edge, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds from any beginning."""
        self._edge = edge
        self._clock = clock
        self._made: tuple[tuple[str, ...], Resource] | None = None
        self._rested_at = clock()
        """When all of AT_ONCE can be made again."""

    def listener(self, secrets: tuple[str, ...]) -> Resource:
        """The listener with these secrets; the first one is given to who asks for a name that none covers.

        The former one while it is too early for another. Ask again later.
        """
        if self._made is None or (self._made[0] != secrets and self._may_be_made()):
            self._rested_at = max(self._rested_at, self._clock()) + EVERY_SECONDS
            self._made = secrets, _listener(self._edge, secrets)
        return self._made[1]

    def _may_be_made(self) -> bool:
        return self._rested_at - self._clock() <= (AT_ONCE - 1) * EVERY_SECONDS


def _listener(edge: Edge, secrets: Sequence[str]) -> Resource:
    first, *others = [
        {"socketAddress": {"protocol": "UDP", "address": address, "portValue": edge.tls_port}}
        for address in edge.addresses
    ]
    handler = manager(
        edge.bounds.requests_by_http3, edge.silence_seconds, edge.portal_hosts, edge.collector, codec=HTTP_3
    )
    description = {
        "name": QUIC_LISTENER,
        "address": first,
        "additionalAddresses": [{"address": other} for other in others],
        # One socket for each thread, or packets of one connection would reach several
        "enableReusePort": True,
        "perConnectionBufferLimitBytes": 256 * 1024,
        "udpListenerConfig": {
            "quicOptions": {"idleTimeout": f"{SILENT_SECONDS}s", "cryptoHandshakeTimeout": f"{HANDSHAKE_SECONDS}s"}
        },
        "filterChains": [{"name": "visitors http3", "filters": [_connection_limit(edge), handler]}],
    }
    message = json_format.ParseDict(description, listener_pb2.Listener())
    message.filter_chains[0].transport_socket.CopyFrom(_transport_socket(secrets))
    return resource(Kind.LISTENER, QUIC_LISTENER, message)


def _connection_limit(edge: Edge) -> dict[str, Any]:
    """The bound that holds for all connections by TCP counts none of these."""
    config = {
        "@type": "type.googleapis.com/" + connection_limit_pb2.ConnectionLimit.DESCRIPTOR.full_name,
        "statPrefix": QUIC_LISTENER,
        "maxConnections": edge.bounds.connections_by_http3,
    }
    return {"name": "envoy.filters.network.connection_limit", "typedConfig": config}


def _transport_socket(secrets: Sequence[str]) -> base_pb2.TransportSocket:
    common = tls_pb2.CommonTlsContext(
        alpn_protocols=["h3"],
        tls_certificate_sds_secret_configs=[
            secret_pb2.SdsSecretConfig(name=name, sds_config=from_ads()) for name in secrets
        ],
    )
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=common,
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
    )
    # Early data can be sent again by anybody who has seen it
    quic = quic_transport_pb2.QuicDownstreamTransport(
        downstream_tls_context=context, enable_early_data={"value": False}
    )
    return base_pb2.TransportSocket(name="envoy.transport_sockets.quic", typed_config=pack(quic))
