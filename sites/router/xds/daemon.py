"""The xDS server as a process: opens its sockets when the tables are complete, and ends cleanly on SIGTERM."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sites.router.authority import Authority
from sites.router.bounds import bounds
from sites.router.place import Place
from sites.router.xds.admission import LOCAL
from sites.router.xds.cache import TableCache, fixtures
from sites.router.xds.control import Control
from sites.router.xds.gate import Gate
from sites.router.xds.holds import Holds
from sites.router.xds.keeper import Keeper
from sites.router.xds.last_good import LastGood
from sites.router.xds.listener import Edge
from sites.router.xds.load_reports import LoadReports
from sites.router.xds.nodes import Nodes
from sites.router.xds.proxies import NO_PROXIES, Proxies
from sites.router.xds.request_log import RequestLog
from sites.router.xds.secrets import TlsMaterial
from sites.router.xds.server import Door, Services, make_server
from sites.router.xds.source import SourceReader, TableSource
from sites.router.xds.tls import ServerTls
from sites.telemetry.collector import Collector

TIDY_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the server listens, where Envoy shall listen and where the portal is."""

    xds_socket: Path
    control_socket: Path
    web_socket: Path
    guard_socket: Path
    last_good: Path
    addresses: Sequence[str]
    port: int
    portal_hosts: Sequence[str]
    silence_seconds: int
    request_logs: Path
    """Folder of the web server logs."""
    tcp: Place | None = None
    """Where routers with a certificate connect; None: nowhere."""
    tls_port: int = 0
    tls: TlsMaterial | None = None
    """Both or none."""
    proxies: Proxies = NO_PROXIES
    collector: Collector | None = None


def usable_addresses(addresses: Sequence[str]) -> list[str]:
    """Without IPv6 addresses on a machine that has no IPv6: Envoy would refuse the whole listener."""
    if _has_ipv6():
        return list(addresses)
    return [address for address in addresses if ":" not in address]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as trial:
            trial.bind(("::1", 0))
    except OSError:
        return False
    return True


async def serve(
    source: TableSource,
    places: Places,
    before_call: Callable[[], None] = lambda: None,
    authority: Authority | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. `before_call` runs in the thread of each call to the source.

    `authority` is that of the routers with a certificate, and needed for `places.tcp`.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    edge = Edge(
        usable_addresses(places.addresses),
        places.port,
        bounds(),
        places.silence_seconds,
        places.tls_port,
        places.proxies,
        places.portal_hosts,
        places.collector,
        wants_http3=bool(places.tls and places.tls.http3_port),
    )
    fixed = fixtures(str(places.web_socket), places.portal_hosts, str(places.guard_socket), places.collector)
    nodes = Nodes(TableCache(fixed, places.tls))
    reports = LoadReports()
    request_log = RequestLog(places.request_logs, lambda: nodes.cache.ordinals)
    keeper = Keeper(SourceReader(source, before_call), nodes, LastGood(places.last_good))
    holds = Holds(nodes, keeper.wake)
    gate = None
    if places.tcp is not None and authority is not None:
        gate = Gate(places.tcp, ServerTls(authority), places.xds_socket, nodes.admission, keeper.refusal)
    work = asyncio.create_task(_serve(Services(keeper, reports, request_log, holds, edge), nodes, places, gate))
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        work.cancel()
        stopping.cancel()
        await asyncio.gather(work, stopping, return_exceptions=True)
        holds.close()
        keeper.close()
        request_log.close()
        logger.info("Stopped; routers go on with the routes they have")


async def _serve(services: Services, nodes: Nodes, places: Places, gate: Gate | None) -> None:
    keeper, reports = services.keeper, services.reports
    await keeper.load()
    os.umask(0o077)
    for path in (places.xds_socket, places.control_socket):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    door = Door(nodes, keeper, gate.peer if gate else lambda _: LOCAL)
    server = make_server(f"unix:{places.xds_socket}", door, services)
    await server.start()
    runner = web.AppRunner(Control(nodes, keeper, reports, gate).application(), access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(places.control_socket)).start()
    logger.info("Ready for routers on %s", places.xds_socket)
    try:
        await asyncio.gather(keeper.follow(), _tidy(reports), *([gate.serve()] if gate else []))
    finally:
        await runner.cleanup()
        await server.stop(grace=0.2)


async def _tidy(reports: LoadReports) -> None:
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        reports.tidy()
