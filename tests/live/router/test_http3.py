"""HTTP/3 at the router: a client of its own library, a real Envoy, and certificates that change meanwhile."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from aioquic.h3.connection import H3_ALPN
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from django.test import override_settings

from sites.logs.files import tail
from sites.router import succession
from sites.router.table import Certificate, Cluster, HostRoute
from sites.router.xds.quic import QUIC_LISTENER
from sites.tls.authority import CERTIFICATE, Authority, open_authority
from tests.live.router.backends import free_port
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually, hosts
from tests.live.router.test_bounds import stats
from tests.live.router.test_succession import is_complete, spawn
from tools.prober.http import Answer, AnswerBroken, Call, ConnectionRefused, Secure
from tools.prober.http3 import Http3Connection

pytestmark = pytest.mark.live
WWW = "www.fabrikam.example"


@pytest.fixture
def authority(rig: Rig) -> Authority:
    return open_authority(rig.folder, encrypt=str, decrypt=str)


@pytest.fixture
def served(rig: Rig, clusters: list[Cluster], authority: Authority) -> Iterator[Rig]:
    """Production has a certificate of its own, staging has none. At most six clients come by HTTP/3."""
    rig.files = 640
    rig.tls_port = free_port()
    rig.speaks_http3 = True
    production, staging = hosts("r-1", "r-2")
    rig.commit(
        [replace(production, slot_id=7, is_logged=True), staging], clusters, certificates=[bound(authority, PRODUCTION)]
    )
    rig.start_xds()
    rig.start_envoy()
    eventually(lambda: answers(rig, PRODUCTION))
    yield rig


def bound(authority: Authority, *names: str) -> Certificate:
    return Certificate(names, *authority.issue(*names))


def connection(rig: Rig, host: str) -> Http3Connection:
    return Http3Connection("127.0.0.1", rig.tls_port, host, Secure(host, str(rig.folder / CERTIFICATE)))


def ask(rig: Rig, host: str, call: Call | None = None) -> Answer:
    async def once() -> Answer:
        visitor = connection(rig, host)
        async with asyncio.timeout(2):
            await visitor.prepare()
            try:
                return await visitor.exchange(call or Call(host, "/"))
            finally:
                visitor.close()

    return asyncio.run(once())


def answers(rig: Rig, host: str) -> bool:
    try:
        return ask(rig, host).status == 200
    except (ConnectionRefused, AnswerBroken, TimeoutError):
        return False


def by_tcp(rig: Rig, host: str) -> str | None:
    """What is spoken after a handshake by TCP."""
    context = Secure(host, str(rig.folder / CERTIFICATE)).context("http/1.1")
    with (
        socket.create_connection(("127.0.0.1", rig.tls_port), 15) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return secure.selected_alpn_protocol()


def test_it_is_told_where_there_is_a_certificate_and_all_rules_hold(
    served: Rig, clusters: list[Cluster], authority: Authority
) -> None:
    told = {host: served.ask(host).headers.get("alt-svc") for host in (PRODUCTION, STAGING)}
    assert told == {PRODUCTION: f'h3=":{served.tls_port}"; ma=86400', STAGING: None}
    forged = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "http", "X-Original-URL": "/admin"}
    answer = ask(served, PRODUCTION, Call(PRODUCTION, "/a?b=c", "POST", forged, b"x" * 100_000))
    seen = json.loads(answer.body)
    assert (answer.status, seen["label"], seen["path"], seen["body"]) == (200, "A", "/a?b=c", 100_000)
    assert (seen["headers"]["x-forwarded-for"], seen["headers"]["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert not {"x-original-url", "x-greenroom-tls-version", "x-greenroom-scope"} & seen["headers"].keys()
    eventually(lambda: any(" r-1/1 POST /a 200 " in line for line in tail(served.folder / "requests" / "7", 10)))
    assert by_tcp(served, PRODUCTION) == by_tcp(served, STAGING) == "http/1.1"
    assert not answers(served, STAGING)  # its name is not in the certificate that is given
    # A slot that asks its visitors is closed while nobody can be asked, and HTTPS only is what they have
    production, staging = hosts("r-1", "r-2")
    closed = [replace(production, slot_id=7, rule="1"), replace(staging, https_only_port=served.tls_port)]
    served.publish(closed, clusters, certificates=[bound(authority, PRODUCTION, STAGING)])
    eventually(lambda: answers(served, STAGING))
    assert ask(served, PRODUCTION).status == 503
    assert ask(served, PRODUCTION, Call("evil.example", "/")).status == 404


class Visitor(threading.Thread):
    """Asks without a pause over one connection."""

    def __init__(self, rig: Rig, host: str) -> None:
        super().__init__()
        self._rig, self._host = rig, host
        self._ended = threading.Event()
        self.labels: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        visitor = connection(self._rig, self._host)
        while not self._ended.is_set():
            try:
                await visitor.prepare()
                answer = await visitor.exchange(Call(self._host, "/"))
                assert answer.status == 200, answer.status
                self.labels.append(json.loads(answer.body)["label"])
            except (ConnectionRefused, AnswerBroken, AssertionError) as error:
                self.failures.append(repr(error))
        visitor.close()

    def stop(self) -> None:
        self._ended.set()
        self.join()


def test_swaps_and_new_certificates_lose_no_request(served: Rig, clusters: list[Cluster], authority: Authority) -> None:
    kept = bound(authority, PRODUCTION)
    visitors = [Visitor(served, PRODUCTION) for _ in range(2)]
    for visitor in visitors:
        visitor.start()
    try:
        for number in range(4):
            name = f"{number}.fabrikam.example"
            routes: Sequence[HostRoute] = hosts(*(("r-2", "r-1") if number % 2 == 0 else ("r-1", "r-2")))
            custom = [*routes, HostRoute(name, "production", "r-1")]
            served.publish(custom, clusters, certificates=[kept, bound(authority, name)])
            eventually(lambda name=name: answers(served, name))
    finally:
        for visitor in visitors:
            visitor.stop()
    assert [visitor.failures for visitor in visitors] == [[], []]
    assert all({"A", "B"} == {*visitor.labels} for visitor in visitors)


def test_connections_have_a_bound_and_tcp_goes_on(served: Rig) -> None:
    async def crowd() -> int:
        held = [connection(served, PRODUCTION) for _ in range(10)]
        opened = 0
        for one in held:
            try:
                async with asyncio.timeout(1):
                    await one.prepare()
                    opened += (await one.exchange(Call(PRODUCTION, "/"))).status == 200
            except (ConnectionRefused, AnswerBroken, TimeoutError):
                break
        for one in held:
            one.close()
        return opened

    assert 1 <= asyncio.run(crowd()) <= 6
    assert served.ask(PRODUCTION).status_code == 200
    eventually(lambda: answers(served, PRODUCTION))


def test_handshakes_that_nobody_finishes_have_the_same_bound_and_tcp_goes_on(served: Rig) -> None:
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=PRODUCTION)
    place = ("127.0.0.1", served.tls_port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(60):
            hello = QuicConnection(configuration=configuration)
            hello.connect(place, now=time.monotonic())
            for datagram, _ in hello.datagrams_to_send(now=time.monotonic()):
                stranger.sendto(datagram, place)
    eventually(lambda: stats(served, f"{QUIC_LISTENER}.limited_connections") > 0)
    assert stats(served, f"{QUIC_LISTENER}.active_connections") <= 6
    assert served.ask(PRODUCTION).status_code == 200
    assert not answers(served, PRODUCTION)


def test_a_new_envoy_takes_new_connections_while_the_former_one_finishes_and_after_it(
    rig: Rig, clusters: list[Cluster], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "FINISH_SECONDS", 3)
    rig.tls_port = free_port()
    rig.speaks_http3 = True
    with override_settings(RUN_DIR=rig.folder, LISTEN=["127.0.0.1"], PORT=rig.port):
        rig.commit(hosts("r-1", "r-2"), clusters, certificates=[bound(authority, PRODUCTION)])
        rig.start_xds()
        spawn(rig, "envoy", 0)
        eventually(lambda: answers(rig, PRODUCTION))
        spawn(rig, "successor", 1)
        eventually(lambda: is_complete(rig, "successor"))
        end = time.monotonic() + 5
        while time.monotonic() < end:
            assert answers(rig, PRODUCTION)
            time.sleep(0.1)
        assert rig._processes["envoy"].poll() is not None
        succession.tidy()
