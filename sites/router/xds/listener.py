"""Where a router listens: every address and every host name, one port, and one for TLS."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from sites.router.bounds import Bounds
from sites.router.xds.manager import LISTENER, manager
from sites.router.xds.proxies import NO_PROXIES, Proxies, add_chain_of_proxies, take_proxy_protocol
from sites.router.xds.resource import Kind, Resource, pack, resource
from sites.router.xds.tls_socket import HANDSHAKE_SECONDS, transport_socket
from sites.telemetry.collector import Collector

MAX_ADDRESSES = 16
PORTS = range(1, 65536)

# Linux: SOL_SOCKET 1, SO_KEEPALIVE 9, IPPROTO_TCP 6, TCP_KEEPIDLE 4, TCP_KEEPINTVL 5, TCP_KEEPCNT 6.
# Nothing else ends a silent WebSocket whose client has vanished.
_KEEPALIVE = ((1, 9, 1), (6, 4, 60), (6, 5, 15), (6, 6, 4))


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a router listens unless it says otherwise, and what holds for every one."""

    addresses: Sequence[str]
    port: int
    bounds: Bounds
    silence_seconds: int
    """A request that is silent for so long is ended."""
    tls_port: int = 0
    proxies: Proxies = NO_PROXIES
    portal_hosts: Sequence[str] = ()
    """The names at which the portal itself answers."""
    collector: Collector | None = None
    """Who takes the traces, and the web server logs too."""
    wants_http3: bool = False
    """Also listen for HTTP/3, by UDP at the port of TLS."""

    @property
    def speaks_http3(self) -> bool:
        """The PROXY protocol has no form for it, so nobody could tell who a visitor is."""
        return self.wants_http3 and bool(self.tls_port) and not self.proxies.speak_proxy_protocol

    @property
    def listener(self) -> Resource:
        """That of a router which says nothing else."""
        return edge_listener(self)

    def told_by(self, metadata: Struct) -> "Edge":
        """That of a router whose bootstrap file names other addresses (`listen`), `port` or `tls_port`.

        One that names a port has no port for TLS unless it names that as well. Raises ValueError for what is no address
        or port.
        """
        told = json_format.MessageToDict(metadata)
        addresses, port = told.get("listen", self.addresses), told.get("port", self.port)
        tls_port = told.get("tls_port", 0 if "port" in told else self.tls_port)
        is_port = port in PORTS and (tls_port == 0 or tls_port in PORTS)
        if not isinstance(addresses, Sequence) or not 1 <= len(addresses) <= MAX_ADDRESSES or not is_port:
            raise ValueError(f"a router cannot listen on {addresses!r} port {port!r}, for TLS {tls_port!r}")
        whole = [str(ipaddress.ip_address(address)) for address in addresses]
        return replace(self, addresses=whole, port=int(port), tls_port=int(tls_port))


def edge_listener(edge: Edge) -> Resource:
    """The listener on the port of every address. With a port for TLS it listens there too.

    What a client speaks decides, so both ports take both.
    """
    proxies = edge.proxies
    ports = [edge.port, edge.tls_port] if edge.tls_port else [edge.port]
    first, *others = [
        {"socketAddress": {"address": address, "portValue": one}} for one in ports for address in edge.addresses
    ]
    options = [{"level": level, "name": name, "intValue": value} for level, name, value in _KEEPALIVE]
    description = {
        "name": LISTENER,
        "address": first,
        "additionalAddresses": [{"address": other} for other in others],
        # With it an orphaned Envoy would silently share the port and serve old routes
        "enableReusePort": False,
        "perConnectionBufferLimitBytes": 256 * 1024,
        "tcpBacklogSize": 4096,
        "socketOptions": options,
        "filterChains": [
            {
                "name": "visitors",
                "filters": [manager(edge.bounds.requests, edge.silence_seconds, edge.portal_hosts, edge.collector)],
            }
        ],
    }
    message = json_format.ParseDict(description, listener_pb2.Listener())
    if proxies.addresses and not proxies.speak_proxy_protocol:
        trusting = manager(
            edge.bounds.requests, edge.silence_seconds, edge.portal_hosts, edge.collector, is_behind_proxy=True
        )
        add_chain_of_proxies(message, json_format.ParseDict(trusting, listener_components_pb2.Filter()), proxies)
    if edge.tls_port:
        _add_tls(message)
    if proxies.addresses and proxies.speak_proxy_protocol:
        take_proxy_protocol(message, proxies)
    return resource(Kind.LISTENER, LISTENER, message)


def _add_tls(listener: listener_pb2.Listener) -> None:
    """Each filter chain once more, for clients that begin with a TLS handshake."""
    inspector = tls_inspector_pb2.TlsInspector()
    listener.listener_filters.add(name="envoy.filters.listener.tls_inspector", typed_config=pack(inspector))
    listener.listener_filters_timeout.FromSeconds(HANDSHAKE_SECONDS)  # who sends nothing has no filter chain yet
    for plain in list(listener.filter_chains):
        chain = listener.filter_chains.add()
        chain.CopyFrom(plain)
        chain.name = f"{plain.name} tls"
        chain.filter_chain_match.transport_protocol = "tls"
        chain.transport_socket.CopyFrom(transport_socket())
        chain.transport_socket_connect_timeout.FromSeconds(HANDSHAKE_SECONDS)
