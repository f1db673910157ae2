"""A real Envoy, a real xDS server and small web servers behind them, for the tests of the router."""

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from aiohttp import web
from django.test import override_settings

from sites.errors import RouterUnreachable
from sites.router.bootstrap import envoy_command, write_bootstrap
from sites.router.envoy import EnvoyRouter
from sites.router.table import Cluster, Endpoint, HostRoute, RouteTable
from tests.sites.router.file_tables import FileTables

PRODUCTION, STAGING = "contoso.localhost", "contoso-staging.localhost"


def free_port() -> int:
    """A port that the system says is free."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until `condition` holds; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


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
                headers={"X-Label": label},
            )

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        if isinstance(where, int):
            await web.TCPSite(runner, "127.0.0.1", where).start()
        else:
            await web.UnixSite(runner, str(where)).start()
        self._runners.append(runner)


class Rig:
    """The processes of a router, started and ended one by one."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.tables = FileTables(folder / "tables.json")
        self.router = EnvoyRouter()
        self.backends = Backends(folder / "web.sock")
        self._versions: dict[int, int] = {}
        self._committed: dict[int, RouteTable] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_xds(self) -> None:
        """Start the server and wait until it answers."""
        self.spawn_xds()
        eventually(self.is_xds_up, 20)

    def spawn_xds(self) -> None:
        """Start the server without waiting."""
        command = [sys.executable, "-m", "tests.sites.router.file_tables", str(self.folder), str(self.port)]
        self._spawn("xds", command)

    def is_xds_up(self) -> bool:
        """True when the control socket answers."""
        try:
            return "nodes" in self.router.status()
        except RouterUnreachable:
            return False

    def start_envoy(self) -> None:
        """Start Envoy and wait until it listens."""
        self.spawn_envoy()
        eventually(self.is_listening, 20)

    def spawn_envoy(self) -> None:
        """Start Envoy without waiting."""
        write_bootstrap(self.folder / "envoy.json")
        self._spawn("envoy", envoy_command(self.folder / "envoy.json"))

    def is_listening(self) -> bool:
        """True when Envoy accepts connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def terminate(self, name: str) -> int:
        """SIGTERM; returns the exit code."""
        process = self._processes.pop(name)
        process.terminate()
        return process.wait(timeout=5)

    def commit(self, hosts: list[HostRoute], clusters: list[Cluster], site_id: int = 1) -> int:
        """Write a new version of a site's table as the database would hold it; returns the version."""
        version = self._versions[site_id] = self._versions.get(site_id, 0) + 1
        self._committed[site_id] = RouteTable(site_id, f"site{site_id}", version, tuple(hosts), tuple(clusters))
        self.tables.write(list(self._committed.values()))
        return version

    def delete(self, site_id: int = 1) -> None:
        """Remove a site from what the database holds."""
        del self._committed[site_id]
        self.tables.write(list(self._committed.values()))

    def publish(self, hosts: list[HostRoute], clusters: list[Cluster], site_id: int = 1) -> int:
        """Commit, publish and check that the node acknowledges."""
        version = self.commit(hosts, clusters, site_id)
        acknowledgement = self.router.publish(site_id, version)
        assert acknowledgement.versions == {"router-1": version}
        return version

    def ask(self, host: str, path: str = "/", method: str = "GET", **options: object) -> httpx.Response:
        """One request on a connection of its own."""
        headers = {"Host": host} | dict(options.pop("headers", {}))  # type: ignore[call-overload]
        with httpx.Client(trust_env=False) as client:
            return client.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, **options)  # type: ignore[arg-type]

    def close(self) -> None:
        """End everything that was started."""
        for name in list(self._processes):
            self.kill(name)
        self.backends.close()

    def log(self, name: str) -> str:
        """What a process wrote."""
        return (self.folder / f"{name}.log").read_text()

    def _spawn(self, name: str, command: list[str]) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)


@contextmanager
def rig_in(folder: Path, port: int | None = None) -> Iterator[Rig]:
    """A rig whose settings hold meanwhile."""
    places = {
        "XDS_SOCKET": folder / "xds.sock",
        "XDS_CONTROL_SOCKET": folder / "control.sock",
        "ENVOY_ADMIN_SOCKET": folder / "admin.sock",
        "ROUTER_NODE": "router-1",
    }
    with override_settings(**places):
        rig = Rig(folder, port)
        try:
            yield rig
        finally:
            rig.close()


class Client(threading.Thread):
    """Asks for one host name without a pause over one kept-alive connection, and never retries."""

    def __init__(self, port: int, host: str) -> None:
        super().__init__()
        self._port, self._host = port, host
        self._ended = threading.Event()
        self.answers: list[tuple[float, float, str]] = []
        """(sent at, ended at, label)"""
        self.failures: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._ended.is_set():
            sent_at = time.monotonic()
            try:
                connection.request("POST" if len(self.answers) % 3 else "GET", "/", b"x" * 100, {"Host": self._host})
                response = connection.getresponse()
                body = response.read()
                assert response.status == 200, response.status
                self.answers.append((sent_at, time.monotonic(), json.loads(body)["label"]))
            except (OSError, http.client.HTTPException, AssertionError, ValueError) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()

    def stop(self) -> None:
        """End after the present request."""
        self._ended.set()
        self.join()
