"""TLS handshakes with strangers, bounded: how many at one time, of one address, for how long and how many a second."""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sites.router.authority import Certificate, read_certificate

MAX_HANDSHAKES, MAX_PER_ADDRESS = 64, 8
"""At one time. One more ends the oldest one, of the address that has the most."""
MAX_PER_SECOND, MAX_PER_SECOND_PER_ADDRESS = 100, 20
"""That begin; one more is closed at once, which costs hardly anything."""
SECONDS = 5.0
NETWORK_BITS = 64
"""Of IPv6: whoever has one address there has all of them."""


class TooMany(Exception):
    """As many handshakes as may begin in a second have begun."""


@dataclass(frozen=True, slots=True)
class Link:
    """A connection with its TLS, as streams, and what the peer has proved to be."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    certificate: Certificate


class Handshakes:
    """Those that are under way."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way: dict[asyncio.Task[Link], str] = {}
        self._second = 0
        self._begun: Counter[str] = Counter()

    async def make(self, connection: socket.socket, context: ssl.SSLContext) -> Link:
        """Shake hands with a peer that has just connected, whose socket is closed in any case but success.

        Raises OSError (ssl.SSLError, TimeoutError and others) or ValueError when the peer is none of ours, TooMany when
        as many have begun in this second, and CancelledError when others who came later took its place.
        """
        network = network_of(connection.getpeername()[0])
        self._count(network)
        self._make_room(network)
        task = asyncio.create_task(_shake_hands(connection, context))
        self._under_way[task] = network
        try:
            return await task
        finally:
            task.cancel()
            del self._under_way[task]

    def _count(self, network: str) -> None:
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._begun.clear()
        if self._begun[network] >= MAX_PER_SECOND_PER_ADDRESS or self._begun.total() >= MAX_PER_SECOND:
            raise TooMany
        self._begun[network] += 1

    def _make_room(self, network: str) -> None:
        held = Counter(self._under_way.values())
        if held[network] >= MAX_PER_ADDRESS:
            self._end_oldest(network)
        elif held.total() >= MAX_HANDSHAKES:
            self._end_oldest(held.most_common(1)[0][0])

    def _end_oldest(self, network: str) -> None:
        oldest = next((task for task, of in self._under_way.items() if of == network and not task.cancelling()), None)
        if oldest is not None:
            oldest.cancel()


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the first 64 bits of an IPv6 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None or parsed.version == 4:
        return str(mapped or parsed)
    return str(ipaddress.ip_network((parsed.packed, NETWORK_BITS), strict=False))


async def _shake_hands(connection: socket.socket, context: ssl.SSLContext) -> Link:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**18, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    try:
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=context, ssl_handshake_timeout=SECONDS, ssl_shutdown_timeout=1.0
        )
    except BaseException:
        connection.close()
        raise
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    try:
        certificate = read_certificate(transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
    except ValueError:
        transport.abort()
        raise
    return Link(reader, writer, certificate)
