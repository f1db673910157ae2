"""Small web servers behind a router, each with a label of its own."""

import asyncio
import socket
import threading
from pathlib import Path

from aiohttp import web

from sites.router.table import Endpoint


def free_port() -> int:
    """A port that the system says is free."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


class Backends:
    """Web servers in one thread, each answering with its own label and the headers that it got."""

    def __init__(self, portal_socket: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._runners: list[web.AppRunner] = []
        self._run(self._start("portal", portal_socket))

    def add(self, label: str) -> Endpoint:
        """Start one more server."""
        port = free_port()
        self._run(self._start(label, port))
        return Endpoint("127.0.0.1", port)

    def close(self) -> None:
        """Stop all of them."""
        for runner in self._runners:
            self._run(runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _start(self, label: str, where: Path | int) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            if request.headers.get("upgrade", "").lower() == "websocket":
                sockets = web.WebSocketResponse()
                await sockets.prepare(request)
                async for message in sockets:
                    await sockets.send_str(f"{label}:{message.data}")
                return sockets
            await asyncio.sleep(float(request.query.get("seconds", 0)))
            body = await request.read()
            seen = {name.lower(): value for name, value in request.headers.items()}
            return web.json_response(
                {"label": label, "path": request.raw_path, "headers": seen, "body": len(body)},
                headers={"X-Label": label, "X-Envoy-Upstream-Canary": "true", "X-Powered-By": "the application"},
            )

        application = web.Application(client_max_size=8 * 1024**2)
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        if isinstance(where, int):
            await web.TCPSite(runner, "127.0.0.1", where).start()
        else:
            await web.UnixSite(runner, str(where)).start()
        self._runners.append(runner)
