"""Our router beside an Envoy that only forwards and beside HAProxy, in turns, in front of the same instance."""

import http.client
import json
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from sites.models.required import required
from sites.router.bootstrap import envoy_command
from sites.services.names import default_host
from sites.supervisor.records import read_record
from tools.bench.costs import ROUTER, cpu_seconds
from tools.bench.nginx import NotAvailable, program
from tools.demo.installation import free_port
from tools.demo.operations import OperationFailed
from tools.demo.staged_site import StagedSite

START_SECONDS = 60.0
HAPROXY_LIBRARIES = ("liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1")
"""Packages of Debian that its package needs."""
HAPROXY = """
global
    nbthread {threads}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend visitors
    bind 127.0.0.1:{port}
    default_backend instance
backend instance
    http-reuse always
    server one {address}:{instance_port}
"""
_TYPE = "type.googleapis.com/envoy.extensions."


@dataclass
class Candidate:
    """A router that is measured."""

    name: str
    port: int
    pid: int
    process: subprocess.Popen[bytes] | None = None
    """None: it is not ours to end."""
    cpu_us: list[float] = field(default_factory=list)
    """Processor time for each request, by round."""
    p50_ms: list[float] = field(default_factory=list)

    def ask(self, host: str, count: int) -> None:
        """One round, over one connection. Raises OperationFailed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        times, before = [], cpu_seconds(self.pid)
        try:
            for _ in range(count):
                began = time.monotonic()
                connection.request("GET", "/", headers={"Host": host})
                answer = connection.getresponse()
                answer.read()
                times.append(time.monotonic() - began)
                if answer.status != http.client.OK:
                    raise OperationFailed(f"{self.name} answered {answer.status} in place of 200.")
        finally:
            connection.close()
        self.cpu_us.append((cpu_seconds(self.pid) - before) * 1e6 / count)
        self.p50_ms.append(statistics.median(times) * 1000)


def measure_routers(
    say: Callable[[str], None], site: StagedSite, folder: Path, rounds: int, requests: int
) -> dict[str, object]:
    """Medians of the quotients of each round. Raises OperationFailed."""
    instance = required(site.production.live_revision, "the live revision").instances.get(ordinal=0)
    place = (str(instance.address), int(instance.port or 0))
    record = required(read_record(settings.RUN_DIR, ROUTER), "the record of the router")
    ours = Candidate("our router", settings.PORT, record.identity.pid)
    candidates = [ours]
    try:
        candidates.append(_bare_envoy(folder, place))
        try:
            candidates.append(_haproxy(folder, place))
        except NotAvailable as error:
            say(f"Not compared with HAProxy: {error}")
        for _ in range(rounds + 1):
            for candidate in candidates:
                candidate.ask(default_host(site.name), requests)
    finally:
        for candidate in candidates:
            if candidate.process is not None:
                candidate.process.send_signal(signal.SIGKILL)
                candidate.process.wait()
    bare, *others = candidates[1:]
    for one in candidates:
        say(f"{one.name}: {statistics.median(one.cpu_us):.0f} µs of processor time for a request")
    return {
        "latency_ratio": _ratio(ours.p50_ms, bare.p50_ms),
        "cpu_ratio_bare_envoy": _ratio(ours.cpu_us, bare.cpu_us),
        "cpu_ratio_haproxy": _ratio(ours.cpu_us, others[0].cpu_us) if others else None,
        "router_cpu_us": {one.name: round(statistics.median(one.cpu_us[1:]), 1) for one in candidates},
        "router_p50_ms": {one.name: round(statistics.median(one.p50_ms[1:]), 3) for one in candidates},
    }


def _ratio(ours: Sequence[float], others: Sequence[float]) -> float:
    """Without the first round, in which everything is new."""
    return round(statistics.median(one / other for one, other in zip(ours[1:], others[1:], strict=True)), 2)


def _bare_envoy(folder: Path, place: tuple[str, int]) -> Candidate:
    port, path = free_port(), folder / "bare.json"
    path.write_text(json.dumps(_bootstrap(port, place)))
    command = [*envoy_command(path), "--disable-hot-restart"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    candidate = Candidate("an Envoy that only forwards", port, process.pid, process)
    _wait(candidate)
    return candidate


def _haproxy(folder: Path, place: tuple[str, int]) -> Candidate:
    """Raises NotAvailable."""
    found, port, path = program(folder, "haproxy", HAPROXY_LIBRARIES), free_port(), folder / "haproxy.cfg"
    libraries = {str(one.parent) for one in folder.rglob("*.so.*")}  # of the package, where it was fetched
    threads = min(max(len(os.sched_getaffinity(0)), 2), 8)  # as many as our Envoy has
    path.write_text(HAPROXY.format(threads=threads, port=port, address=place[0], instance_port=place[1]))
    process = subprocess.Popen(
        [found, "-f", str(path)],
        env={**os.environ, "LD_LIBRARY_PATH": ":".join(sorted(libraries))},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    candidate = Candidate("HAProxy", port, process.pid, process)
    try:
        _wait(candidate)
    except OperationFailed as error:
        raise NotAvailable(str(error)) from error
    return candidate


def _wait(candidate: Candidate) -> None:
    """Until it answers. Raises OperationFailed."""
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at:
        try:
            candidate.ask("bench.invalid", 1)
        except OSError:
            time.sleep(0.05)
        else:
            candidate.cpu_us.clear()
            candidate.p50_ms.clear()
            return
    raise OperationFailed(f"{candidate.name} did not answer within {START_SECONDS:g} s.")


def _bootstrap(port: int, place: tuple[str, int]) -> dict[str, object]:
    """One listener, one route, one cluster."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": "instance"}}
    manager = {
        "@type": _TYPE + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bare",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "router", "typed_config": {"@type": _TYPE + "filters.http.router.v3.Router"}},
        ],
    }
    listener = {
        "name": "bare",
        "address": _address("127.0.0.1", port),
        "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}],
    }
    endpoint = {"endpoint": {"address": _address(*place)}}
    cluster = {
        "name": "instance",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": "instance", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(address: str, port: int) -> dict[str, object]:
    return {"socket_address": {"address": address, "port_value": port}}
