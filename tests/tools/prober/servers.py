"""Servers that answer a client well, and badly on request; and clients run against them."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from tools.prober import kinds
from tools.prober.client import Client
from tools.prober.records import Record

HOSTS = ("shop.localhost", "shop-staging.localhost")
HEADERS = {"X-Version": "7", "X-Slot": "production"}

Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def page(text: str, **headers: str) -> web.Response:
    """An answer with its digest, as a good application gives it."""
    return web.Response(text=text, headers={**HEADERS, "X-Body-Sha256": kinds.sha256(text.encode()), **headers})


async def stream(request: web.Request) -> web.StreamResponse:
    lines = [f"line {number}\n".encode() for number in range(5)]
    response = web.StreamResponse(headers={**HEADERS, "X-Body-Sha256": kinds.sha256(b"".join(lines))})
    await response.prepare(request)
    for line in lines:
        await response.write(line)
    return response


async def echo(request: web.Request) -> web.Response:
    return page(kinds.sha256(await request.read()))


async def sockets(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str(f"7 production {message.data}")
    return socket


async def answer_page(request: web.Request) -> web.Response:
    return page(f"hello {request.host}")


def application(**handlers: Callable) -> web.Application:
    """Answers well whatever the prober asks, but for the handlers that are given."""
    app = web.Application()
    app.router.add_get("/", handlers.get("page", answer_page))
    app.router.add_get("/slow", handlers.get("page", answer_page))
    app.router.add_post("/echo", handlers.get("echo", echo))
    app.router.add_get("/stream", handlers.get("stream", stream))
    app.router.add_get("/ws", handlers.get("sockets", sockets))
    return app


async def run_client(make: Callable[[tuple[str, int]], Client], port: int, at_least: int) -> list[Record]:
    records: list[Record] = []
    stopping = asyncio.Event()

    def write(record: Record) -> None:
        records.append(record)
        if len(records) >= at_least:
            stopping.set()

    client = make(("127.0.0.1", port))
    await client.prepare()
    async with asyncio.timeout(20):
        await client.run(write, stopping)
    return records


def against(app: web.Application, make: Callable[[tuple[str, int]], Client], *, at_least: int = 3) -> list[Record]:
    """What a client records of an application until there are `at_least` records."""

    async def main() -> list[Record]:
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            return await run_client(make, runner.addresses[0][1], at_least)
        finally:
            await runner.cleanup()

    return asyncio.run(main())


def against_raw(serve: Raw, make: Callable[[tuple[str, int]], Client], *, at_least: int = 1) -> list[Record]:
    """The same of a server that answers byte by byte."""

    async def main() -> list[Record]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            return await run_client(make, server.sockets[0].getsockname()[1], at_least)

    return asyncio.run(main())


def keep_alive(address: tuple[str, int]) -> Client:
    """The plainest client, without pauses."""
    return kinds.keep_alive("keep-alive 1", address, HOSTS, pause_seconds=0)
