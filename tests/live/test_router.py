"""A real Envoy under the real xDS server: what visitors get, over swaps, restarts and kills."""

import asyncio
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from sites.errors import RouterUnreachable
from sites.router.table import PORTAL_CLUSTER, Cluster, Endpoint, HostRoute, Page
from tests.live.router_rig import PRODUCTION, STAGING, Client, Rig, eventually, free_port, rig_in

pytestmark = pytest.mark.live


def hosts(production: str, staging: str) -> list[HostRoute]:
    """Both addresses of the site, each leading to a cluster."""
    return [HostRoute(PRODUCTION, "production", production), HostRoute(STAGING, "staging", staging, is_indexed=False)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: that of a unix socket is limited."""
    with tempfile.TemporaryDirectory(prefix="gr-") as name:
        yield Path(name)


@pytest.fixture
def rig(folder: Path) -> Iterator[Rig]:
    """Nothing started yet but the web servers."""
    with rig_in(folder) as rig:
        yield rig


@pytest.fixture
def clusters(rig: Rig) -> list[Cluster]:
    """Two revisions, A and B; the site's table leads production to A and staging to B."""
    clusters = [Cluster("r-1", (rig.backends.add("A"),)), Cluster("r-2", (rig.backends.add("B"),))]
    rig.commit(hosts("r-1", "r-2"), clusters)
    return clusters


@pytest.fixture
def running(rig: Rig, clusters: list[Cluster]) -> Rig:
    """The site is being served."""
    rig.start_xds()
    rig.start_envoy()
    return rig


def test_the_first_request_to_a_site_is_answered(running: Rig) -> None:
    assert running.ask(PRODUCTION).json()["label"] == "A"
    assert running.ask(STAGING).json()["label"] == "B"
    assert running.router.status()["nodes"] == {"router-1": {"listener": "listening", "loaded_sites": 1}}


@pytest.mark.parametrize("host", [PRODUCTION.upper(), f"{PRODUCTION}.", f"{PRODUCTION}:81", f"Contoso.localhost.:{1}"])
def test_a_host_name_is_found_however_it_is_written(running: Rig, host: str) -> None:
    assert running.ask(host).json()["label"] == "A"


def test_the_instance_sees_the_host_with_its_port_and_true_headers_only(running: Rig) -> None:
    forged = {
        "X-Website-Slot-Name": "production",
        "X_Website_Slot_Name": "production",
        "X-Website-Anything": "1",
        "X-Forwarded-For": "198.51.100.7",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Envoy-Retry-On": "5xx",
    }
    answer = running.ask(f"{STAGING}:8080", "/a%2Fb", headers=forged)
    seen = answer.json()["headers"]
    assert answer.json()["path"] == "/a%2Fb"
    assert seen["host"] == f"{STAGING}:8080"
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    website = {name: value for name, value in seen.items() if "website" in name}
    assert website == {
        "x-website-site-name": "site1",
        "x-website-slot-name": "staging",
        "x-website-hostname": STAGING,
    }
    assert not {"x-forwarded-host", "x-envoy-retry-on", "x-envoy-internal"} & seen.keys()
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "x-robots-tag" not in running.ask(PRODUCTION).headers


def test_an_unknown_host_gets_our_own_page(running: Rig) -> None:
    for host in ("nobody.localhost", "[::7]", "localhost.evil.example"):
        answer = running.ask(host)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "no web site at this address" in answer.text


def test_the_portal_answers_on_its_names_and_publishing_hosts(running: Rig, clusters: list[Cluster]) -> None:
    publishing = HostRoute("contoso.scm.localhost", "production", PORTAL_CLUSTER)
    running.publish([*hosts("r-1", "r-2"), publishing], clusters)
    for host in ("localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "contoso.scm.localhost"):
        assert running.ask(host).json()["label"] == "portal"
    with socket.create_connection(("::1", running.port), 5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in connection.recv(1000)


def test_stopped_and_starting_slots_get_a_page(running: Rig) -> None:
    stopped = HostRoute(PRODUCTION, "production", None, Page.STOPPED)
    starting = HostRoute(STAGING, "staging", None, Page.STARTING, is_indexed=False)
    running.publish([stopped, starting], [])
    answer = running.ask(PRODUCTION, method="POST")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "<h1>This web site is stopped</h1>" in answer.text
    answer = running.ask(STAGING)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "<h1>This web site is starting</h1>" in answer.text


def test_swaps_lose_no_request_and_nobody_goes_back(running: Rig, clusters: list[Cluster]) -> None:
    clients = [Client(running.port, host) for host in (PRODUCTION, STAGING) * 3]
    for client in clients:
        client.start()
    pushed, acknowledged, seconds = [0.0], [0.0], []
    try:
        for number in range(1, 25):
            version = running.commit(hosts("r-2", "r-1") if number % 2 else hosts("r-1", "r-2"), clusters)
            pushed.append(time.monotonic())
            assert running.router.publish(1, version).versions == {"router-1": version}
            acknowledged.append(time.monotonic())
            seconds.append(acknowledged[-1] - pushed[-1])
            time.sleep(0.1)
    finally:
        for client in clients:
            client.stop()
    assert [client.failures for client in clients] == [[]] * 6
    assert sum(len(client.answers) for client in clients) > 500
    assert sorted(seconds)[len(seconds) // 2] < 0.2
    for client, parity in zip(clients, (0, 1) * 3, strict=True):
        reached = 0
        for sent_at, ended_at, label in client.answers:
            # The swaps that this answer can stem from: begun before it ended, and not overtaken when it was sent
            first = max(i for i, at in enumerate(acknowledged) if at <= sent_at)
            last = max(i for i, at in enumerate(pushed) if at <= ended_at)
            possible = [i for i in range(first, last + 1) if (i + parity) % 2 == "AB".index(label)]
            assert possible, "an answer of the side that had left"
            assert possible[-1] >= reached, "an answer of the side that had left, after one of the other"
            reached = max(reached, possible[0])


def test_unchanged_routes_are_acknowledged_at_once(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    began = time.monotonic()
    running.publish(hosts("r-1", "r-2"), clusters)
    running.publish(hosts("r-1", "r-2"), clusters)
    assert time.monotonic() - began < 1


def test_a_table_that_nobody_published_arrives_by_itself(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    running.commit(hosts("r-2", "r-1"), clusters)
    eventually(lambda: running.ask(PRODUCTION).json()["label"] == "B", 3)


def test_envoy_goes_on_without_the_server_and_catches_up(running: Rig, clusters: list[Cluster]) -> None:
    client = Client(running.port, PRODUCTION)
    client.start()
    try:
        eventually(lambda: len(client.answers) > 5)
        running.kill("xds")
        with pytest.raises(RouterUnreachable):
            running.router.publish(1, 1)
        running.commit(hosts("r-2", "r-1"), clusters)
        time.sleep(1)
        assert client.answers[-1][2] == "A"
        running.start_xds()
        began = time.monotonic()
        eventually(lambda: client.answers[-1][2] == "B", 2)
        assert time.monotonic() - began < 2
    finally:
        client.stop()
    assert client.failures == []
    assert running.ask(STAGING).json()["label"] == "A"


def test_a_restarted_server_sends_nothing_that_envoy_has(running: Rig) -> None:
    running.ask(PRODUCTION)
    running.kill("xds")
    running.start_xds()
    eventually(lambda: running.router.publish(1, 1).versions == {"router-1": 1})
    eventually(lambda: running.router.status()["nodes"]["router-1"]["listener"] == "listening")
    assert running.ask(PRODUCTION).json()["label"] == "A"


def test_a_new_envoy_serves_within_two_seconds(running: Rig) -> None:
    assert running.ask(PRODUCTION).status_code == 200
    running.kill("envoy")
    began = time.monotonic()
    running.start_envoy()
    assert running.ask(PRODUCTION).json()["label"] == "A"
    assert time.monotonic() - began < 2


def test_nothing_is_served_before_the_tables_are_complete(rig: Rig) -> None:
    cluster = Cluster("r-1", (rig.backends.add("A"),))
    rig.spawn_xds()
    rig.spawn_envoy()
    time.sleep(1.5)
    assert not rig.is_listening()
    rig.commit([HostRoute(PRODUCTION, "production", "r-1")], [cluster])
    eventually(rig.is_listening)
    assert rig.ask(PRODUCTION).status_code == 200


def test_the_last_good_tables_are_served_without_the_database(running: Rig, clusters: list[Cluster]) -> None:
    running.publish(hosts("r-2", "r-1"), clusters)
    eventually(lambda: not running.terminate("xds"))
    running.kill("envoy")
    tables = running.tables.path.read_text()
    running.tables.path.unlink()
    running.start_xds()
    running.start_envoy()
    assert running.ask(PRODUCTION).json()["label"] == "B"
    with pytest.raises(RouterUnreachable):
        running.router.publish(1, 99)
    running.tables.path.write_text(tables)
    eventually(lambda: not running.router.status()["is_source_away"])


def test_requests_in_progress_are_counted(running: Rig) -> None:
    def counted() -> int | None:
        return running.router.requests_in_progress(["r-1"])["r-1"]

    async def hold() -> None:
        address = f"http://127.0.0.1:{running.port}/"
        async with aiohttp.ClientSession(headers={"Host": PRODUCTION}) as session, session.ws_connect(address) as ws:
            slow = asyncio.create_task(session.get(address, params={"seconds": "30"}))
            await asyncio.to_thread(eventually, lambda: counted() == 2)
            slow.cancel()
            await asyncio.to_thread(eventually, lambda: counted() == 1)
            await ws.send_str("still")
            assert (await ws.receive(timeout=5)).data == "A:still"

    assert counted() is None
    eventually(lambda: counted() == 0)
    asyncio.run(hold())
    eventually(lambda: counted() == 0)


def test_web_sockets_are_refused_where_they_are_not_allowed(running: Rig, clusters: list[Cluster]) -> None:
    running.publish([HostRoute(PRODUCTION, "production", "r-1", allows_web_sockets=False)], clusters)

    async def connect() -> None:
        headers = {"Host": PRODUCTION}
        async with aiohttp.ClientSession() as session:
            await session.ws_connect(f"http://127.0.0.1:{running.port}/", headers=headers)

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        asyncio.run(connect())
    assert refused.value.status == 403
    assert running.ask(PRODUCTION).status_code == 200


def test_a_cluster_leaves_with_its_table_and_a_site_with_its_names(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    running.publish(hosts("r-2", "r-2"), clusters)
    running.publish(hosts("r-2", "r-2"), clusters[1:])
    assert running.ask(PRODUCTION).json()["label"] == "B"
    running.publish(hosts("r-1", "r-2"), clusters)
    assert running.ask(PRODUCTION).json()["label"] == "A"
    running.delete()
    assert running.router.publish(1, 9).versions == {"router-1": 9}
    assert running.ask(PRODUCTION).status_code == 404
    eventually(lambda: running.router.status()["nodes"]["router-1"]["loaded_sites"] == 0)


def test_new_host_names_and_instances_answer_at_the_acknowledgement(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    third = Cluster("r-3", (running.backends.add("C"),))
    running.publish([*hosts("r-1", "r-2"), HostRoute("www.contoso.example", "production", "r-3")], [*clusters, third])
    assert running.ask("www.contoso.example").json()["label"] == "C"
    grown = Cluster("r-3", (*third.endpoints, running.backends.add("D")))
    running.publish([HostRoute("www.contoso.example", "production", "r-3")], [*clusters, grown])
    assert {running.ask("www.contoso.example").json()["label"] for _ in range(8)} == {"C", "D"}


def test_one_dead_instance_of_two_costs_no_request(running: Rig, clusters: list[Cluster]) -> None:
    dead = Endpoint("127.0.0.1", free_port())
    running.publish(hosts("r-1", "r-2"), [Cluster("r-1", (*clusters[0].endpoints, dead)), clusters[1]])
    assert {running.ask(PRODUCTION, method=method).status_code for method in ("GET", "POST") * 15} == {200}


def test_a_refused_table_is_reported_and_changes_nothing(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    nameless = Cluster("r-4", (Endpoint("not an address", 80),))
    version = running.commit(hosts("r-4", "r-2"), [*clusters, nameless])
    began = time.monotonic()
    acknowledgement = running.router.publish(1, version)
    assert time.monotonic() - began < 2
    assert "not an address" in acknowledgement.refusals["router-1"]
    assert acknowledgement.versions.get("router-1", 0) < version
    assert running.ask(PRODUCTION).json()["label"] == "A"
    running.publish(hosts("r-2", "r-1"), clusters)
    assert running.ask(PRODUCTION).json()["label"] == "B"


def test_a_port_that_is_taken_is_reported_and_tried_again(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, rig_in(folder, taken.getsockname()[1]) as rig:
        rig.commit([], [])
        rig.start_xds()
        rig.spawn_envoy()

        def states() -> list[str]:
            return [node["listener"] for node in rig.router.status()["nodes"].values()]

        eventually(lambda: any("Address already in use" in state for state in states()))
        taken.close()
        eventually(lambda: states() == ["listening"])
        eventually(rig.is_listening)
        assert rig.ask("nobody.localhost").status_code == 404


def test_a_held_first_request_waits_for_the_server(running: Rig) -> None:
    running.kill("xds")
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(running.ask(PRODUCTION, timeout=20).json()["label"]))
    waiting.start()
    time.sleep(0.5)
    assert answers == []
    running.start_xds()
    waiting.join(10)
    assert answers == ["A"]
