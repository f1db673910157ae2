"""How `up` learns that a part answers; each check asks once and raises NotReady."""

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import redis
from django.conf import settings

from sites.runtime.codec import PROTOCOL
from sites.supervisor.component import NotReady
from sites.supervisor.heartbeat import redis_client, reported_pid
from sites.supervisor.sockets import READY_FILE
from sites.supervisor.unix_http import ask


async def redis_answers(_: int) -> None:
    """PING."""
    try:
        await asyncio.to_thread(lambda: redis_client().ping())
    except redis.RedisError as error:
        raise NotReady(str(error)) from error


def answers_status(socket: Path) -> Callable[[int], Awaitable[None]]:
    """A check of a daemon that answers GET /status on a unix socket."""

    async def check(_: int) -> None:
        status = await _status_of(socket, "/status")
        if status != 200:
            raise NotReady(f"it answered {status}")

    return check


async def agent_is_current() -> bool:
    """Whether the agent speaks the protocol of the present code; False while it does not answer."""
    try:
        _, body = await asyncio.to_thread(ask, settings.AGENT_SOCKET, "/status")
        return bool(json.loads(body)["protocol"] == PROTOCOL)
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False


async def router_listens(_: int) -> None:
    """Envoy has its listener and answers by itself to a host name that nobody has; the portal may not run yet."""
    address = settings.LISTEN[0]
    connect = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
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
    try:
        ready = READY_FILE.read_text()
    except FileNotFoundError:
        ready = ""
    if ready != str(pid):
        raise NotReady("it is loading the portal")
    status = await _status_of(settings.WEB_SOCKET, "/healthz", host=settings.PORTAL_HOST, timeout=5)
    if status not in (200, 503):
        raise NotReady(f"the portal answered {status} to /healthz")


def reports(name: str) -> Callable[[int], Awaitable[None]]:
    """A check that the process with this pid has reported: the worker of the queue `name`, or beat."""

    async def check(pid: int) -> None:
        try:
            reported = await asyncio.to_thread(lambda: reported_pid(redis_client(), name))
        except redis.RedisError as error:
            raise NotReady(str(error)) from error
        if reported != pid:
            raise NotReady("it has not reported")

    return check


async def _status_of(socket: Path, target: str, *, host: str = "localhost", timeout: float = 2.0) -> int:
    try:
        status, _ = await asyncio.to_thread(ask, socket, target, host=host, timeout=timeout)
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(str(error) or type(error).__name__) from error
    return status
