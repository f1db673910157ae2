"""How `up` learns that a part answers; each check asks once and raises NotReady."""

import asyncio
import http.client
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from django.conf import settings

from sites.router.place import local_address
from sites.supervisor.component import NotReady
from sites.supervisor.ready_file import WEB, ready_pid
from sites.unix_http import UnixConnection, ask


async def redis_answers(_: int) -> None:
    """PING, by hand: the library would take half of the time and of the memory that `up` needs."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_unix_connection(settings.REDIS_SOCKET)
            writer.write(b"PING\r\n")
            answer = await reader.readline()
            writer.close()
    except (OSError, TimeoutError) as error:
        raise NotReady(str(error) or "it does not answer") from error
    if answer != b"+PONG\r\n":
        raise NotReady(answer.decode(errors="replace").strip() or "it closed the connection")


async def fork_server_listens(pid: int) -> None:
    """The server with this pid has loaded everything, and opened its socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        try:
            connection.connect(str(settings.FORK_SOCKET))
        except OSError as error:
            raise NotReady("it is loading the code") from error
        found, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if found != pid:
        raise NotReady("it is loading the code")


def answers_status(path: Path) -> Callable[[int], Awaitable[None]]:
    """A check of a daemon that answers GET /status on a unix socket."""

    async def check(_: int) -> None:
        status = await _status_of(path, "/status")
        if status != 200:
            raise NotReady(f"it answered {status}")

    return check


async def router_listens(pid: int) -> None:
    """The Envoy with this pid has its listener, and answers by itself to a host name that nobody has.

    The portal may not run yet. While it takes over from another Envoy, that one answers at the port.
    """
    await asyncio.to_thread(_router_is_complete, pid)
    connect = local_address(settings.LISTEN)
    try:
        reader, writer = await asyncio.open_connection(connect, settings.PORT)
    except OSError as error:
        raise NotReady(await _router_words() or f"nobody listens on {connect} port {settings.PORT}") from error
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: greenroom.invalid\r\nConnection: close\r\n\r\n")
        line = await asyncio.wait_for(reader.readline(), 2)
    except (OSError, TimeoutError) as error:
        raise NotReady("it accepts connections and does not answer") from error
    finally:
        writer.close()
    if not line.startswith(b"HTTP/1."):
        raise NotReady("it closed the connection")


def _router_is_complete(pid: int) -> None:
    try:
        with closing(UnixConnection(settings.ENVOY_ADMIN_SOCKET, timeout=2.0)) as connection:
            connection.connect()
            if connection.peer() != pid:
                raise NotReady("it has not opened its administration socket")
            connection.request("GET", "/ready")
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(str(error) or type(error).__name__) from error
    if status != http.client.OK:
        raise NotReady(f"it waits for its listener, and answered {status}")


async def _router_words() -> str:
    """Why Envoy does not open its port, as it told the xDS server."""
    try:
        _, body = await asyncio.to_thread(ask, settings.XDS_CONTROL_SOCKET, "/status", timeout=2.0)
        state = json.loads(body)["nodes"][settings.ROUTER_NODE]["listener"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return ""
    return "" if state in ("listening", "waiting") else f"Envoy refuses its listener: {state}"


async def web_answers(pid: int) -> None:
    """The server with this pid has loaded the portal, and the portal answers; 503 says that another part is away."""
    if ready_pid(WEB) != pid:
        raise NotReady("it is loading the portal")
    status = await _status_of(settings.WEB_SOCKET, "/healthz", host=settings.PORTAL_HOST, timeout=5)
    if status not in (200, 503):
        raise NotReady(f"the portal answered {status} to /healthz")


def reports_ready(name: str) -> Callable[[int], Awaitable[None]]:
    """A check that the part `name` with this pid does its work: sites.supervisor.ready_file."""

    async def check(pid: int) -> None:
        if ready_pid(name) != pid:
            raise NotReady("it has not reported")

    return check


async def _status_of(path: Path, target: str, *, host: str = "localhost", timeout: float = 2.0) -> int:
    try:
        status, _ = await asyncio.to_thread(ask, path, target, host=host, timeout=timeout)
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(str(error) or type(error).__name__) from error
    return status
