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

from sites.router.bounds import bounds
from sites.router.xds.cache import TableCache, fixtures
from sites.router.xds.control import Control
from sites.router.xds.keeper import Keeper
from sites.router.xds.last_good import LastGood
from sites.router.xds.listener import edge_listener
from sites.router.xds.load_reports import LoadReports
from sites.router.xds.nodes import Nodes
from sites.router.xds.request_log import RequestLog
from sites.router.xds.server import make_server
from sites.router.xds.source import SourceReader, TableSource

TIDY_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the server listens, where Envoy shall listen and where the portal is."""

    xds_socket: Path
    control_socket: Path
    web_socket: Path
    last_good: Path
    addresses: Sequence[str]
    port: int
    portal_hosts: Sequence[str]
    silence_seconds: int
    request_logs: Path
    """Folder of the web server logs."""


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


async def serve(source: TableSource, places: Places, before_call: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT. `before_call` runs in the thread of each call to the source."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    listener = edge_listener(
        usable_addresses(places.addresses), places.port, bounds=bounds(), silence_seconds=places.silence_seconds
    )
    nodes = Nodes(TableCache(fixtures(listener, str(places.web_socket), places.portal_hosts)))
    reports = LoadReports()
    request_log = RequestLog(places.request_logs, lambda: nodes.cache.ordinals)
    keeper = Keeper(SourceReader(source, before_call), nodes, LastGood(places.last_good))
    work = asyncio.create_task(_serve(keeper, nodes, reports, request_log, places))
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        work.cancel()
        stopping.cancel()
        await asyncio.gather(work, stopping, return_exceptions=True)
        keeper.close()
        request_log.close()
        logger.info("Stopped; routers go on with the routes they have")


async def _serve(keeper: Keeper, nodes: Nodes, reports: LoadReports, request_log: RequestLog, places: Places) -> None:
    await keeper.load()
    os.umask(0o077)
    for path in (places.xds_socket, places.control_socket):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    server = make_server(f"unix:{places.xds_socket}", nodes, keeper, reports, request_log)
    await server.start()
    runner = web.AppRunner(Control(nodes, keeper, reports).application(), access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(places.control_socket)).start()
    logger.info("Ready for routers on %s", places.xds_socket)
    try:
        await asyncio.gather(keeper.follow(), _tidy(reports))
    finally:
        await runner.cleanup()
        await server.stop(grace=0.2)


async def _tidy(reports: LoadReports) -> None:
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        reports.tidy()
