"""A router with few descriptors: it refuses at once, does not spin, and leaves something to everybody else."""

import json
import os
import socket
import time
from collections.abc import Iterator

import pytest

from sites.router.bounds import bounds
from sites.router.table import Cluster
from sites.unix_http import ask
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually, hosts
from tools.bench.costs import cpu_seconds
from tools.bench.door.h2 import END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, fields, frame

pytestmark = pytest.mark.live

FILES = 1200
STREAMS = 100
"""Of one HTTP/2 connection, as many as the router takes."""


@pytest.fixture
def held() -> Iterator[list[socket.socket]]:
    """Connections that are closed at the end."""
    connections: list[socket.socket] = []
    yield connections
    for connection in connections:
        connection.close()


@pytest.fixture
def small(rig: Rig, clusters: list[Cluster]) -> Rig:
    """The site is being served by a router that may open few files."""
    rig.files = FILES
    rig.start_xds()
    rig.start_envoy()
    assert rig.ask(PRODUCTION).status_code == 200
    return rig


def connect(rig: Rig) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", rig.port), 5)
    connection.settimeout(5)
    return connection


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it by now."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(5)


def slow_streams(rig: Rig, host: str, count: int = STREAMS) -> socket.socket:
    """An HTTP/2 connection with as many requests that are answered after a quarter of a minute."""
    connection = connect(rig)
    block = fields("GET", "/?seconds=15", host, {})
    streams = (frame(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * number, block) for number in range(count))
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + b"".join(streams))
    return connection


def open_files(rig: Rig) -> int:
    return len(os.listdir(f"/proc/{rig.pid('envoy')}/fd"))


def stats(rig: Rig, name: str) -> int:
    """By way of the administration's socket, which must answer also now."""
    _, body = ask(rig.folder / "admin.sock", f"/stats?format=json&filter={name}", timeout=5)
    return sum(row.get("value", 0) for row in json.loads(body)["stats"])


def busy_share(rig: Rig, seconds: float) -> float:
    """Of one processor."""

    before = cpu_seconds(rig.pid("envoy"))
    time.sleep(seconds)
    return (cpu_seconds(rig.pid("envoy")) - before) / seconds


def test_a_connection_too_many_is_closed_at_once_and_the_rest_goes_on(small: Rig, held: list[socket.socket]) -> None:
    kept = connect(small)
    held.append(kept)
    most = bounds(FILES).connections
    held += [connect(small) for _ in range(most + 20)]
    eventually(lambda: sum(map(is_closed, held)) >= 20)
    assert sum(map(is_closed, held)) <= 22
    assert open_files(small) < FILES - 100
    assert busy_share(small, 1.0) < 0.5
    kept.sendall(f"GET / HTTP/1.1\r\nHost: {PRODUCTION}\r\n\r\n".encode())
    assert kept.recv(100).startswith(b"HTTP/1.1 200")
    assert stats(small, "downstream_cx_overload_reject|downstream_global_cx_overflow") >= 20
    assert small.router.status()["nodes"]["router-1"]["listener"] == "listening"
    while held:
        held.pop().close()
    eventually(lambda: small.ask(PRODUCTION).status_code == 200)


def test_who_says_nothing_goes_first_when_connections_run_short(small: Rig, held: list[socket.socket]) -> None:
    busy = connect(small)
    busy.sendall(f"GET /?seconds=4 HTTP/1.1\r\nHost: {PRODUCTION}\r\n\r\n".encode())
    held += [busy, *(connect(small) for _ in range(bounds(FILES).connections))]
    eventually(lambda: sum(map(is_closed, held[1:])) > len(held) // 5, seconds=30)
    assert small.ask(PRODUCTION).status_code == 200
    assert busy.recv(100).startswith(b"HTTP/1.1 200")


def test_requests_too_many_on_few_connections_are_answered_at_once(small: Rig, held: list[socket.socket]) -> None:
    """One HTTP/2 connection brings a hundred requests, each with a connection to an instance."""
    of_cluster = bounds(FILES).requests_of_cluster
    held += [slow_streams(small, PRODUCTION) for _ in range(4)]
    eventually(lambda: stats(small, "cluster.r-1.upstream_rq_active") >= of_cluster)
    answer = small.ask(PRODUCTION, method="POST")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "as many requests at once as it can hold" in answer.text
    assert small.ask(STAGING).json()["label"] == "B"
    assert open_files(small) < FILES - 100
    assert busy_share(small, 1.0) < 0.5


def test_requests_too_many_to_all_sites_leave_the_router_alive(
    small: Rig, clusters: list[Cluster], held: list[socket.socket]
) -> None:
    names = [f"r-{number}" for number in range(10, 20)]
    more = [Cluster(name, clusters[0].endpoints) for name in names]
    for name in names:
        small.publish(hosts(name, "r-2"), [*clusters, *more])
        held.append(slow_streams(small, PRODUCTION))
    eventually(lambda: stats(small, "rq_blocked") > 0)
    assert open_files(small) < FILES - 50
    assert busy_share(small, 1.0) < 0.5
    answer = small.ask(STAGING)
    assert answer.status_code == 503
    assert "as many requests at once as it can hold" in answer.text
    while held:
        held.pop().close()
    eventually(lambda: small.ask(STAGING).status_code == 200)
