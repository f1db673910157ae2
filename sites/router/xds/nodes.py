"""The Envoys that are connected, and waiting for what they say.

A router is one Envoy, and two while a new one takes over from the one before: each has a seat of its own, so that both
are told what changes, and a version counts once both have it.
"""

import asyncio
import logging
from collections.abc import Iterable

from envoy.config.core.v3 import base_pb2

from sites.router.base import Acknowledgement
from sites.router.succession import RUN
from sites.router.xds.admission import LOCAL, Admission, Peer
from sites.router.xds.cache import Change, TableCache
from sites.router.xds.listener import Edge
from sites.router.xds.manager import LISTENER
from sites.router.xds.quic import QUIC_LISTENER
from sites.router.xds.resource import Kind
from sites.router.xds.stream import Stream
from sites.router.xds.subscription import Request, Response

CLOSE_PORT = Response(type_url=Kind.LISTENER.value, removed_resources=[QUIC_LISTENER, LISTENER], nonce="close-port")
"""Makes an Envoy give up its port. It ends the requests that it has, and takes no new ones."""

RUN_LENGTH = 64

logger = logging.getLogger(__name__)


def seat_of(node: base_pb2.Node, peer: Peer) -> str:
    """Which Envoy speaks: the name of its router, with the run if it names one.

    Routers with a certificate have one seat, whatever they say: each may have one connection.
    """
    run = node.metadata.fields[RUN].string_value if peer == LOCAL and RUN in node.metadata.fields else ""
    return f"{node.id}/{run[:RUN_LENGTH]}" if run else str(node.id)


class Connection:
    """One stream and the responses that wait to be written to it; None ends it."""

    def __init__(self, seat: str, stream: Stream, peer: Peer) -> None:
        self.seat = seat
        self.stream = stream
        self.peer = peer
        self.outbox: asyncio.Queue[Response | None] = asyncio.Queue()

    def send(self, responses: list[Response]) -> None:
        """Put responses into the outbox, in order."""
        for response in responses:
            self.outbox.put_nowait(response)


class Nodes:
    """All connections, one per seat."""

    def __init__(self, cache: TableCache) -> None:
        self.cache = cache
        self.admission = Admission()
        self.connections: dict[str, Connection] = {}
        self._news = asyncio.Event()

    def is_taken(self, node_id: str, peer: Peer) -> bool:
        """Whether a router with a certificate is connected by another connection than this one.

        The first one stays: two with the same certificate would end each other without an end.
        """
        older = self.connections.get(node_id)
        return older is not None and peer.certificate is not None and older.peer.connection != peer.connection

    def seats(self, names: Iterable[str]) -> set[str]:
        """The Envoys that are connected, and those of `names` of which none is."""
        present = {connection.stream.node_id for connection in self.connections.values()}
        return {*self.connections, *(name for name in names if name not in present)}

    def connect(self, node_id: str, edge: Edge, peer: Peer = LOCAL, *, seat: str = "") -> Connection:
        """A node has opened a stream, and is to listen there; an older stream of the same seat is ended."""
        seat = seat or node_id
        if (older := self.connections.get(seat)) is not None:
            logger.warning("Router %s connected again; its older connection is ended", node_id)
            older.outbox.put_nowait(None)
        else:
            logger.info("Router %s connected", node_id)
        connection = Connection(seat, Stream(node_id, self.cache, edge), peer)
        self.connections[seat] = connection
        return connection

    def end_refused(self) -> None:
        """End the connections that are not admitted any more. A retired router gives up its port first."""
        for connection in self.connections.values():
            node_id = connection.stream.node_id
            if refusal := self.admission.refusal(node_id, connection.peer):
                self.admission.complain(f"{refusal} Its connection is ended.")
                if self.admission.is_retired(node_id):
                    connection.outbox.put_nowait(CLOSE_PORT)
                connection.outbox.put_nowait(None)

    def disconnect(self, connection: Connection) -> None:
        """The stream has ended."""
        node_id = connection.stream.node_id
        if self.connections.get(connection.seat) is connection:
            del self.connections[connection.seat]
            logger.info("Router %s disconnected; it goes on with the routes it has", node_id)
        self._tell()

    def receive(self, connection: Connection, request: Request) -> None:
        """Take a request of a node and answer it."""
        if request.HasField("error_detail"):
            node_id, kind = connection.stream.node_id, request.type_url.rpartition(".")[2]
            logger.error("Router %s refused a %s: %s", node_id, kind, request.error_detail.message.strip())
        connection.send(connection.stream.receive(request))
        self._tell()

    def apply(self, change: Change) -> None:
        """Tell every node what has changed."""
        for connection in self.connections.values():
            connection.send(connection.stream.apply(change))
        self._tell()

    def offer_listener_again(self) -> None:
        """Let nodes that could not open their port try again."""
        for connection in self.connections.values():
            connection.send(connection.stream.offer_listener_again())

    def acknowledgement(self, site_id: int, version: int) -> tuple[Acknowledgement, bool]:
        """How far the nodes are, and whether each has acknowledged or refused what the cache holds."""
        reached = self.cache.version(site_id)
        versions: dict[str, int] = {}
        refusals: dict[str, str] = {}
        behind: set[str] = set()
        is_complete = True
        for connection in self.connections.values():
            stream = connection.stream
            node_id = stream.node_id
            if stream.has_acknowledged(site_id):
                stream.versions[site_id] = version if reached is None else reached
            elif (words := stream.refusal(site_id)) is not None:
                refusals[node_id] = words
            else:
                is_complete = False
            if site_id in stream.versions:
                versions[node_id] = min(stream.versions[site_id], versions.get(node_id, stream.versions[site_id]))
            else:
                behind.add(node_id)
        reached_by = {node_id: found for node_id, found in versions.items() if node_id not in behind}
        return Acknowledgement(reached_by, refusals), is_complete

    async def wait(self, site_id: int, version: int, seconds: float) -> Acknowledgement:
        """The nodes' answer to what the cache holds of a site, after at most `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            acknowledgement, is_complete = self.acknowledgement(site_id, version)
            left = deadline - asyncio.get_running_loop().time()
            if is_complete or left <= 0:
                return acknowledgement
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                continue

    def _tell(self) -> None:
        # Whoever waits now is woken; whoever comes later waits for the next news.
        self._news.set()
        self._news = asyncio.Event()
