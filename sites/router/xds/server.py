"""The gRPC server that Envoys connect to: aggregated discovery (delta), load reports, access logs."""

import asyncio
import logging
from collections.abc import AsyncIterator

import grpc.aio
from envoy.service.accesslog.v3 import als_pb2_grpc
from envoy.service.discovery.v3 import ads_pb2_grpc
from envoy.service.load_stats.v3 import lrs_pb2, lrs_pb2_grpc

from sites.router.xds.keeper import Keeper
from sites.router.xds.load_reports import LoadReports
from sites.router.xds.nodes import Connection, Nodes
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

logger = logging.getLogger(__name__)


class Discovery(ads_pb2_grpc.AggregatedDiscoveryServiceServicer):
    """Delta ADS."""

    def __init__(self, nodes: Nodes, keeper: Keeper) -> None:
        self._nodes = nodes
        self._keeper = keeper
        self._tasks: set[asyncio.Task[None]] = set()

    async def DeltaAggregatedResources(
        self, requests: AsyncIterator[Request], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """One Envoy, for as long as it stays."""
        first = await anext(aiter(requests), None)
        if first is None:
            return
        if not first.node.id:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The first request must name its node.")
        connection = self._nodes.connect(first.node.id)
        self._start(self._keeper.greet(first.node.id))
        reading = self._start(self._read(connection, first, requests))
        try:
            while (response := await connection.outbox.get()) is not None:
                yield response
        finally:
            reading.cancel()
            self._nodes.disconnect(connection)

    async def _read(self, connection: Connection, first: Request, requests: AsyncIterator[Request]) -> None:
        try:
            self._nodes.receive(connection, first)
            async for request in requests:
                self._nodes.receive(connection, request)
        except Exception:
            logger.exception("The connection of router %s is ended", connection.stream.node_id)
        finally:
            connection.outbox.put_nowait(None)

    def _start(self, work) -> asyncio.Task[None]:  # type: ignore[no-untyped-def]
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class LoadReporting(lrs_pb2_grpc.LoadReportingServiceServicer):
    """LRS."""

    def __init__(self, reports: LoadReports) -> None:
        self._reports = reports

    async def StreamLoadStats(
        self, requests: AsyncIterator[lrs_pb2.LoadStatsRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[lrs_pb2.LoadStatsResponse]:
        """One Envoy's reports."""
        first = await anext(aiter(requests), None)
        if first is None:
            return
        reporter = self._reports.connect(first.node.id)

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


def make_server(
    address: str, nodes: Nodes, keeper: Keeper, reports: LoadReports, request_log: RequestLog
) -> grpc.aio.Server:
    """A server bound to `address` (`unix:/path`), not started yet. Raises RuntimeError when it cannot bind."""
    server = grpc.aio.server(options=OPTIONS)
    ads_pb2_grpc.add_AggregatedDiscoveryServiceServicer_to_server(Discovery(nodes, keeper), server)
    lrs_pb2_grpc.add_LoadReportingServiceServicer_to_server(LoadReporting(reports), server)
    als_pb2_grpc.add_AccessLogServiceServicer_to_server(AccessLogs(request_log), server)
    server.add_insecure_port(address)
    return server
