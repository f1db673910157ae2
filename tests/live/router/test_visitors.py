"""What visitors get of a real Envoy under the real xDS server, and what instances see of them."""

import asyncio
import socket

import aiohttp
import pytest

from sites.router.table import PORTAL_CLUSTER, Cluster, Endpoint, HostRoute, Page
from tests.live.router.backends import free_port
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually, hosts

pytestmark = pytest.mark.live


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


def test_one_dead_instance_of_two_costs_no_request(running: Rig, clusters: list[Cluster]) -> None:
    dead = Endpoint("127.0.0.1", free_port())
    running.publish(hosts("r-1", "r-2"), [Cluster("r-1", (*clusters[0].endpoints, dead)), clusters[1]])
    assert {running.ask(PRODUCTION, method=method).status_code for method in ("GET", "POST") * 15} == {200}


def test_a_silence_ends_with_our_own_page_and_who_is_slow_gets_another(rig: Rig, clusters: list[Cluster]) -> None:
    rig.silence_seconds = 2
    rig.start_xds()
    rig.start_envoy()
    answer = rig.ask(PRODUCTION, "/?seconds=20")
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html; charset=utf-8")
    assert "<h1>This web site took too long to answer</h1>" in answer.text
    assert rig.ask(PRODUCTION, "/?seconds=1").status_code == 200
    with socket.create_connection(("127.0.0.1", rig.port), 10) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: {PRODUCTION}\r\nContent-Length: 5\r\n\r\nab".encode())
        said = connection.recv(4000)
    assert said.startswith(b"HTTP/1.1 408")
    assert b"<h1>The request did not arrive</h1>" in said


def test_who_waits_for_100_continue_is_answered_by_the_instance(running: Rig) -> None:
    with socket.create_connection(("127.0.0.1", running.port), 10) as connection:
        head = f"POST / HTTP/1.1\r\nHost: {PRODUCTION}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"hello")
        assert b'"body": 5' in connection.recv(4000)
