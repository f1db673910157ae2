"""Proxies in front of the router, trusted by their addresses: they say who the visitor is, and how it came in."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from envoy.config.core.v3 import address_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.proxy_protocol.v3 import proxy_protocol_pb2

from sites.router.xds.resource import pack


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which peers are proxies, and in which way they speak of the visitor."""

    addresses: tuple[str, ...]
    """Addresses and networks: `10.0.0.2`, `10.0.0.0/8`, `::1`."""
    speak_proxy_protocol: bool = False
    """They send the PROXY protocol (version 1 or 2) in front of each connection, in place of X-Forwarded-For. Then
    nobody else is let in, because anybody could send that."""


NO_PROXIES = Proxies(())


def add_chain_of_proxies(
    listener: listener_pb2.Listener, trusting: listener_components_pb2.Filter, proxies: Proxies
) -> None:
    """A filter chain for connections of these peers, with a filter that believes X-Forwarded-For and -Proto."""
    chain = listener.filter_chains.add(name="proxies", filters=[trusting])
    chain.filter_chain_match.direct_source_prefix_ranges.extend(_ranges(proxies.addresses))


def take_proxy_protocol(listener: listener_pb2.Listener, proxies: Proxies) -> None:
    """Read the visitor's address from the PROXY protocol, and let in these peers only."""
    protocol = pack(proxy_protocol_pb2.ProxyProtocol())
    first = listener_components_pb2.ListenerFilter(name="envoy.filters.listener.proxy_protocol", typed_config=protocol)
    others = list(listener.listener_filters)
    del listener.listener_filters[:]
    listener.listener_filters.extend([first, *others])
    for chain in listener.filter_chains:
        chain.filter_chain_match.direct_source_prefix_ranges.extend(_ranges(proxies.addresses))


def _ranges(addresses: Iterable[str]) -> list[address_pb2.CidrRange]:
    networks = [ipaddress.ip_network(address, strict=False) for address in addresses]
    return [
        address_pb2.CidrRange(address_prefix=str(network.network_address), prefix_len={"value": network.prefixlen})
        for network in networks
    ]
