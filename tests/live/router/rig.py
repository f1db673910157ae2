"""A real Envoy and a real xDS server, started and ended one by one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

import httpx
from django.test import override_settings

from sites.errors import RouterUnreachable
from sites.router.bootstrap import envoy_command, write_bootstrap
from sites.router.envoy import EnvoyRouter
from sites.router.table import Certificate, Cluster, HostRoute, RouteTable
from tests.live.router.backends import Backends, free_port
from tests.sites.router.file_tables import FileTables
from tests.sites.router.guard.file_rules import FileRules

PRODUCTION, STAGING = "contoso.localhost", "contoso-staging.localhost"


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until `condition` holds; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def hosts(production: str, staging: str) -> list[HostRoute]:
    """Both addresses of the site, each leading to a cluster."""
    return [HostRoute(PRODUCTION, "production", production), HostRoute(STAGING, "staging", staging, is_indexed=False)]


class Rig:
    """The processes of a router, started and ended one by one."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.files: int | None = None
        """How many files the xDS server and Envoy may have open; None: as many as this process."""
        self.port = port or free_port()
        self.silence_seconds = 300
        self.tls_port = 0
        """0: no TLS; set it before the server is started."""
        self.speaks_http3 = False
        """At the same port."""
        self.proxies, self.proxy_protocol = "", ""
        """Trusted addresses, separated by commas; and a word if they speak the PROXY protocol."""
        self.environment: dict[str, str] = {}
        """Added to that of each process."""
        self.tables = FileTables(folder / "tables.json")
        self.rules = FileRules(folder / "rules.json")
        self.router = EnvoyRouter()
        self.backends = Backends(folder / "web.sock")
        self._versions: dict[int, int] = {}
        self._committed: dict[int, RouteTable] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_xds(self) -> None:
        """Start the server and wait until it answers."""
        self.spawn_xds()
        eventually(self.is_xds_up)

    def spawn_xds(self) -> None:
        """Start the server without waiting."""
        command = [sys.executable, "-m", "tests.sites.router.file_tables", str(self.folder), str(self.port)]
        command += [str(self.silence_seconds), str(self.tls_port), str(self.tls_port if self.speaks_http3 else 0)]
        command += [self.proxies, self.proxy_protocol]
        self._spawn("xds", command)

    def start_guard(self) -> None:
        """Start the guard over `rules`, and wait until it answers."""
        (self.folder / "guard.sock").unlink(missing_ok=True)
        self._spawn("guard", [sys.executable, "-m", "tests.sites.router.guard.file_rules", str(self.folder)])
        eventually((self.folder / "guard.sock").exists)

    def is_xds_up(self) -> bool:
        """True when the control socket answers."""
        try:
            return "nodes" in self.router.status()
        except RouterUnreachable:
            return False

    def start_envoy(self) -> None:
        """Start Envoy and wait until it listens."""
        self.spawn_envoy()
        eventually(self.is_listening)

    def spawn_envoy(self) -> None:
        """Start Envoy without waiting."""
        with patch("sites.router.bounds.hard_limit", return_value=self.files) if self.files else nullcontext():
            write_bootstrap(self.folder / "envoy.json")
        self._spawn("envoy", [*envoy_command(self.folder / "envoy.json"), "--disable-hot-restart"])

    def is_listening(self) -> bool:
        """True when Envoy accepts connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def pid(self, name: str) -> int:
        """Of a process that runs."""
        return self._processes[name].pid

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

    def commit(
        self,
        hosts: list[HostRoute],
        clusters: list[Cluster],
        site_id: int = 1,
        certificates: Sequence[Certificate] = (),
    ) -> int:
        """Write a new version of a site's table as the database would hold it; returns the version."""
        version = self._versions[site_id] = self._versions.get(site_id, 0) + 1
        table = RouteTable(site_id, f"site{site_id}", version, tuple(hosts), tuple(clusters), tuple(certificates))
        self._committed[site_id] = table
        self.tables.write(list(self._committed.values()))
        return version

    def delete(self, site_id: int = 1) -> None:
        """Remove a site from what the database holds."""
        del self._committed[site_id]
        self.tables.write(list(self._committed.values()))

    def publish(
        self,
        hosts: list[HostRoute],
        clusters: list[Cluster],
        site_id: int = 1,
        certificates: Sequence[Certificate] = (),
    ) -> int:
        """Commit, publish and check that the node acknowledges."""
        version = self.commit(hosts, clusters, site_id, certificates)
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
        environment |= self.environment
        if self.files is not None:
            command = ["prlimit", f"--nofile={self.files}:{self.files}", "--", *command]
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
