"""The gRPC server that Envoys connect to: aggregated discovery (delta), load reports, access logs, held requests."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import grpc.aio
from envoy.config.core.v3 import base_pb2
from envoy.service.accesslog.v3 import als_pb2_grpc
from envoy.service.auth.v3 import external_auth_pb2_grpc
from envoy.service.discovery.v3 import ads_pb2_grpc
from envoy.service.load_stats.v3 import lrs_pb2, lrs_pb2_grpc

from sites.router.xds.admission import Peer
from sites.router.xds.holds import Holding, Holds
from sites.router.xds.keeper import Keeper
from sites.router.xds.listener import Edge
from sites.router.xds.load_reports import LoadReports
from sites.router.xds.nodes import CLOSE_PORT, Connection, Nodes, seat_of
from sites.router.xds.request_log import AccessLogs, RequestLog
from sites.router.xds.subscription import Request, Response

OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Envoys ping to notice a server that hangs; gRPC would take that for an attack.
    ("grpc.http2.min_ping_interval_without_data_ms", 500),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.so_reuseport", 0),
]

PeerOf = Callable[[str], Peer]
"""Who is behind the address that gRPC gives a peer."""

logger = logging.getLogger(__name__)


class Door:
    """Lets a router in that says who it is, or tells it why not."""

    def __init__(self, nodes: Nodes, keeper: Keeper, peer_of: PeerOf) -> None:
        self.nodes = nodes
        self._keeper = keeper
        self._peer_of = peer_of

    def peer(self, context: grpc.aio.ServicerContext) -> Peer:
        """Who is at the other end."""
        return self._peer_of(context.peer())

    async def refusal(self, node: base_pb2.Node, context: grpc.aio.ServicerContext) -> str:
        """Why the router is not let in, which stands in the log too; empty when it is."""
        peer = self.peer(context)
        refusal = await self._keeper.refusal(node.id, peer)
        if not refusal and self.nodes.is_taken(node.id, peer):
            refusal = f"Router {node.id} is connected already. A second one with its certificate is refused."
        if refusal:
            self.nodes.admission.complain(refusal)
        return refusal


class Discovery(ads_pb2_grpc.AggregatedDiscoveryServiceServicer):
    """Delta ADS."""

    def __init__(self, door: Door, keeper: Keeper, edge: Edge) -> None:
        self._door = door
        self._nodes = door.nodes
        self._keeper = keeper
        self._edge = edge
        self._tasks: set[asyncio.Task[None]] = set()

    async def DeltaAggregatedResources(
        self, requests: AsyncIterator[Request], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """One Envoy, for as long as it stays."""
        first = await anext(aiter(requests), None)
        if first is None:
            return
        if refusal := await self._door.refusal(first.node, context):
            if self._nodes.admission.is_retired(first.node.id):
                yield CLOSE_PORT
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, refusal)
        connection = await self._connect(first.node, context)
        reading = self._start(self._read(connection, first, requests))
        try:
            while (response := await connection.outbox.get()) is not None:
                yield response
        finally:
            reading.cancel()
            self._nodes.disconnect(connection)

    async def _connect(self, node: base_pb2.Node, context: grpc.aio.ServicerContext) -> Connection:
        try:
            edge = self._edge.told_by(node.metadata)
        except ValueError as error:
            refusal = f"Router {node.id} is refused: its bootstrap file is wrong, since {error}."
            self._nodes.admission.complain(refusal)
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, refusal)
        peer = self._door.peer(context)
        connection = self._nodes.connect(node.id, edge, peer, seat=seat_of(node, peer))
        self._start(self._keeper.greet(node.id, peer))
        return connection

    async def _read(self, connection: Connection, first: Request, requests: AsyncIterator[Request]) -> None:
        try:
            self._nodes.receive(connection, first)
            async for request in requests:
                self._nodes.receive(connection, request)
        except Exception:
            logger.exception("The connection of router %s is ended", connection.stream.node_id)
        finally:
            connection.outbox.put_nowait(None)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class LoadReporting(lrs_pb2_grpc.LoadReportingServiceServicer):
    """LRS."""

    def __init__(self, door: Door, reports: LoadReports) -> None:
        self._door = door
        self._reports = reports

    async def StreamLoadStats(
        self, requests: AsyncIterator[lrs_pb2.LoadStatsRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[lrs_pb2.LoadStatsResponse]:
        """One Envoy's reports."""
        first = await anext(aiter(requests), None)
        if first is None:
            return
        if refusal := await self._door.refusal(first.node, context):
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, refusal)
        reporter = self._reports.connect(seat_of(first.node, self._door.peer(context)))

        async def read() -> None:
            async for request in requests:
                self._reports.receive(reporter, request)

        reading = asyncio.create_task(read())
        try:
            async for order in self._reports.orders(reporter):
                yield order
        finally:
            reading.cancel()
            self._reports.disconnect(reporter)


@dataclass(frozen=True, slots=True)
class Services:
    """What the server gives to routers, and what it takes from them."""

    keeper: Keeper
    reports: LoadReports
    request_log: RequestLog
    holds: Holds
    edge: Edge


def make_server(address: str, door: Door, services: Services) -> grpc.aio.Server:
    """A server bound to `address` (`unix:/path`), not started yet. Raises RuntimeError when it cannot bind."""
    server = grpc.aio.server(options=OPTIONS)
    discovery = Discovery(door, services.keeper, services.edge)
    ads_pb2_grpc.add_AggregatedDiscoveryServiceServicer_to_server(discovery, server)
    lrs_pb2_grpc.add_LoadReportingServiceServicer_to_server(LoadReporting(door, services.reports), server)
    external_auth_pb2_grpc.add_AuthorizationServicer_to_server(Holding(services.holds), server)
    als_pb2_grpc.add_AccessLogServiceServicer_to_server(AccessLogs(door.refusal, services.request_log), server)
    server.add_insecure_port(address)
    return server
