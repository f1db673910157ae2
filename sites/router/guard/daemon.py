"""The guard as a process: opens its sockets when it has read the rules, and ends cleanly on SIGTERM."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc.aio
from aiohttp import web
from envoy.service.auth.v3 import external_auth_pb2_grpc

from sites.router.guard.keeper import Keeper
from sites.router.guard.rule import Rule
from sites.router.guard.server import Guard

OPTIONS = [
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 256 * 1024),
]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GuardPlaces:
    """Where it listens, and where people sign in."""

    socket: Path
    control_socket: Path
    portal: str
    """The portal's address, without a slash at the end."""


async def serve(read: Callable[[], list[Rule]], keys: Callable[[], Sequence[bytes]], places: GuardPlaces) -> None:
    """Serve until SIGTERM or SIGINT. `read` gives the rules, `keys` what passes are signed with, the present one first.

    While the rules were never read, whoever asks is not let in.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    keeper = Keeper(read)
    await keeper.load()
    os.umask(0o077)
    for path in (places.socket, places.control_socket):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    server = grpc.aio.server(options=OPTIONS)
    external_auth_pb2_grpc.add_AuthorizationServicer_to_server(Guard(keeper, keys, places.portal), server)
    server.add_insecure_port(f"unix:{places.socket}")
    await server.start()
    runner = web.AppRunner(_control(keeper), access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(places.control_socket)).start()
    following = asyncio.create_task(keeper.follow())
    logger.info("Ready for routers on %s", places.socket)
    try:
        await stopped.wait()
    finally:
        following.cancel()
        await runner.cleanup()
        await server.stop(grace=0.2)
        keeper.close()
        logger.info("Stopped; guarded slots let nobody in until it is back")


def _control(keeper: Keeper) -> web.Application:
    async def status(request: web.Request) -> web.Response:
        return web.json_response({"is_source_away": keeper.is_source_away})

    application = web.Application()
    application.router.add_get("/status", status)
    return application
