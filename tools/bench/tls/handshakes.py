"""Handshakes with the router beside those with an Envoy that has one certificate in its file, in turns."""

import json
import socket
import ssl
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sites.router.bootstrap import envoy_command
from tools.bench.costs import cpu_seconds
from tools.demo.installation import free_port

START_SECONDS = 30.0
CLIENTS = 2
"""At once; a client of Python takes about as much time for a handshake as Envoy does."""
_TYPE = "type.googleapis.com/envoy.extensions."


@dataclass(frozen=True, slots=True)
class Place:
    """An Envoy that speaks TLS."""

    port: int
    pid: int


@dataclass
class Rounds:
    """One figure a round."""

    ours: list[float] = field(default_factory=list)
    """Handshakes a second."""
    static: list[float] = field(default_factory=list)
    our_cpu: list[float] = field(default_factory=list)
    """Seconds of Envoy's processor time for each handshake."""
    static_cpu: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Ours ÷ the other, of each round."""
        return [one / other for one, other in zip(self.ours, self.static, strict=True)]

    @property
    def cpu_ratio(self) -> float:
        """Envoy's processor time for a handshake ÷ that of the other, the median of the rounds."""
        return statistics.median(one / other for one, other in zip(self.our_cpu, self.static_cpu, strict=True))


def side_by_side(ours: Place, static: Place, host: str, authority: str, rounds: int, seconds: float) -> Rounds:
    """Shake hands with both in turns; who is first changes from round to round. Raises OSError."""
    found = Rounds()
    for number in range(rounds):
        sides = [(ours, found.ours, found.our_cpu), (static, found.static, found.static_cpu)]
        for place, rates, costs in sides if number % 2 else reversed(sides):
            before = cpu_seconds(place.pid)
            count, took = handshakes(place.port, host, authority, seconds)
            rates.append(count / took)
            costs.append((cpu_seconds(place.pid) - before) / count)
    return found


def handshakes(port: int, host: str, authority: str, seconds: float) -> tuple[int, float]:
    """How many whole handshakes, each on a connection of its own, and the seconds that they took. Raises OSError."""
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["http/1.1"])
    began = time.perf_counter()

    def client(_: int) -> int:
        count = 0
        while time.perf_counter() < began + seconds:
            with socket.create_connection(("127.0.0.1", port), 15) as plain:
                context.wrap_socket(plain, server_hostname=host).close()
            count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as pool:
        total = sum(pool.map(client, range(CLIENTS)))
    return total, time.perf_counter() - began


@contextmanager
def static_envoy(folder: Path, chain: str, key: str) -> Iterator[Place]:
    """An Envoy with this certificate (PEM), and nothing else to do. Raises TimeoutError."""
    folder.mkdir(mode=0o700)
    port = free_port()
    bootstrap = folder / "envoy.json"
    bootstrap.touch(0o600)  # it holds the key
    bootstrap.write_text(json.dumps(_bootstrap(port, chain, key)))
    with (folder / "envoy.log").open("wb") as log:
        # In a session of its own, as ours is: the kernel shares the processor between sessions first
        process = subprocess.Popen(envoy_command(bootstrap), stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(port)
        yield Place(port, process.pid)
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > ends_at:
                raise TimeoutError("the Envoy beside ours did not start") from None
            time.sleep(0.05)


def _bootstrap(port: int, chain: str, key: str) -> dict[str, Any]:
    certificate = {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}}
    answer = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": "static"}},
    }
    manager = {
        "@type": f"{_TYPE}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "static",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [answer]}]},
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{_TYPE}filters.http.router.v3.Router"}},
        ],
    }
    context = {
        "@type": f"{_TYPE}transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificates": [certificate],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        },
        # As ours, so that both make the same handshake
        "disable_stateless_session_resumption": True,
        "disable_stateful_session_resumption": True,
    }
    inspector = {"@type": f"{_TYPE}filters.listener.tls_inspector.v3.TlsInspector"}
    listener = {
        "name": "static",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "enable_reuse_port": False,
        "listener_filters": [{"name": "tls", "typed_config": inspector}],
        "filter_chains": [
            {
                "filters": [{"name": "http", "typed_config": manager}],
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context},
            }
        ],
    }
    return {"node": {"id": "static", "cluster": "bench"}, "static_resources": {"listeners": [listener]}}
