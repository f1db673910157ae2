"""The control server: what EnvoyRouter and `./greenroom status` ask over a unix socket."""

import logging
from dataclasses import asdict

from aiohttp import web

from sites.router.table import OWN
from sites.router.xds.gate import Gate
from sites.router.xds.keeper import Keeper
from sites.router.xds.load_reports import LoadReports
from sites.router.xds.nodes import Nodes

LISTENING = "listening"
MAX_WAIT_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Control:
    """Handlers of POST /publish, POST /load and GET /status; JSON both ways."""

    def __init__(self, nodes: Nodes, keeper: Keeper, reports: LoadReports, gate: Gate | None = None) -> None:
        self._nodes = nodes
        self._keeper = keeper
        self._reports = reports
        self._gate = gate

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application()
        application.router.add_post("/publish", self.publish)
        application.router.add_post("/load", self.load)
        application.router.add_get("/status", self.status)
        return application

    async def publish(self, request: web.Request) -> web.Response:
        """{site_id, version, wait_seconds} → {versions, refusals}; 503 while the source is away."""
        order = await request.json()
        try:
            site_id, version = int(order["site_id"]), int(order["version"])
            wait_seconds = min(float(order.get("wait_seconds", 5.0)), MAX_WAIT_SECONDS)
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"not an order to publish: {error!r}"}, status=400)
        try:
            acknowledgement = await self._keeper.publish(site_id, version, wait_seconds)
        except Exception as error:  # any failure of a database means the same here
            logger.error("Site %d was not published, its table cannot be read: %s", site_id, error)
            return web.json_response({"error": f"the route table cannot be read: {error}"}, status=503)
        return web.json_response(asdict(acknowledgement))

    async def load(self, request: web.Request) -> web.Response:
        """{clusters} → by cluster the requests in progress and the [requests, failures] served; null: not known."""
        order = await request.json()
        # One that is away may still hold requests, so nothing is known without its report
        nodes = self._nodes.seats(await self._keeper.registered() or ())
        in_progress = self._reports.counts(order["clusters"], nodes)
        served = self._reports.served(order["clusters"], nodes)
        return web.json_response({"in_progress": in_progress, "served": served})

    async def status(self, request: web.Request) -> web.Response:
        """Nodes, tables, the state of each listener, and why routers with certificates cannot connect."""
        streams = [connection.stream for connection in self._nodes.connections.values()]
        nodes: dict[str, dict[str, object]] = {}
        for stream in streams:
            state = {"listener": stream.listener_state(), "loaded_sites": len(stream.loaded_sites)}
            if state["listener"] == LISTENING or stream.node_id not in nodes:  # a router may be two Envoys for a while
                nodes[stream.node_id] = state
        return web.json_response(
            {
                "nodes": nodes,
                "registered": await self._keeper.registered(),
                "sites": len(self._nodes.cache.tables.keys() - {OWN}),
                "fault_of_port": self._gate.fault if self._gate else "",
                "is_source_away": self._keeper.is_source_away,
                "is_runtime_away": self._keeper.is_runtime_away,
            }
        )
