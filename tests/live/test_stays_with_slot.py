"""What stays with its slot on a swap: domain names that DNS has proven, certificates, and where they are given."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.test import override_settings

from sites.models import CustomDomain
from tests.fakes.dns_server import DnsServer, dns_server
from tests.live.stage import stage, using, versions
from tests.live.system import System, free_port
from tests.live.system import wait_for as wait_until
from tests.live.tls_visitor import TlsVisitor, fingerprint, names_of
from tests.sites.tls.uploads import key_pem, new_key, pem_of, signed
from tools.demo.operations import switch_of, wait_for
from tools.demo.staged_site import StagedSite
from tools.prober import over_tls
from tools.prober.analysis import Expectation, analyse
from tools.prober.clock import now
from tools.prober.http import ConnectionRefused, Secure
from tools.prober.http3 import Http3Connection
from tools.prober.load import Load
from tools.prober.over_tls import HTTP_3

pytestmark = pytest.mark.live
WWW, TEST = "www.fabrikam.example", "test.fabrikam.example"


@pytest.fixture
def server() -> Iterator[DnsServer]:
    """The DNS of the world: it knows nothing at first."""
    with dns_server({}) as server:
        yield server


@pytest.fixture
def tls_port() -> int:
    return free_port()


@pytest.fixture
def system(make_system: Callable[..., System], server: DnsServer, tls_port: int) -> System:
    """A system with TLS, and with that DNS."""
    system = make_system(GREENROOM_TLS_PORT=str(tls_port), GREENROOM_HTTP3="1", GREENROOM_DNS_RESOLVERS=server.address)
    system.start()
    return system


@pytest.fixture
def staged(system: System) -> Iterator[StagedSite]:
    """Version 1 in production, 2 in staging."""
    with using(system), override_settings(KEY_FILE=system.data / "secret.key"):
        yield stage(system, "fabrikam", instances=1)


def test_domain_names_and_certificates_stay_and_no_request_over_tls_is_lost(
    system: System, staged: StagedSite, server: DnsServer, tls_port: int, tmp_path: Path
) -> None:
    with system.signed_in() as portal:
        claimed = {slot: claim(portal, staged.name, slot, name) for slot, name in SLOTS.items()}
        server.records[WWW, "CNAME"] = [f"{staged.name}.localhost."]
        proof = CustomDomain.objects.select_related("slot__site__subscription").get(name=TEST)
        server.records[proof.proof_name, "TXT"] = [f'"{proof.proof_text}"']
        for slot, address in claimed.items():
            number = CustomDomain.objects.get(name=SLOTS[slot]).pk
            assert portal.post(address, data={"again": number}).status_code == 303
        wait_until(are_verified, 40, "both names are verified")
        authorities = {slot: upload(portal, staged.name, slot, name) for slot, name in SLOTS.items()}
    for name in (WWW, TEST):
        wait_until(lambda name=name: answers(tls_port, name, authorities[slot_of(name)]), 60, f"{name} has TLS")
    before = {name: fingerprint(tls_port, name, authorities[slot_of(name)]) for name in (WWW, TEST)}
    assert [names_of(before[WWW]), names_of(before[TEST])] == [[WWW], [TEST]]
    assert asked(system, WWW) == "1" and asked(system, TEST) == "2"

    visitors = [TlsVisitor(tls_port, name, authorities[slot_of(name)]) for name in (WWW, TEST)]
    for name, authority in zip((WWW, TEST), authorities.values(), strict=True):
        (tmp_path / name).write_text(authority)
        secure = Secure(name, str(tmp_path / name))
        wait_until(lambda secure=secure: asyncio.run(speaks_http3(tls_port, secure)), 60, f"{name} has HTTP/3")
    by_http3 = [
        client
        for name in (WWW, TEST)
        for client in over_tls.clients("visitor", ("127.0.0.1", tls_port), [name], str(tmp_path / name), [HTTP_3])
    ]
    for visitor in visitors:
        visitor.start()
    try:
        with Load(by_http3) as load:
            wait_until(lambda: load.count > 10, 60, "visitors come by HTTP/3")
            requested_at = now()
            operation = wait_for(staged.request_swap())
            for visitor, end in zip(visitors, "21", strict=True):
                wait_until(lambda seen=visitor.versions, end=end: seen[-1:] == [end], 60, "visitors see the swap")
    finally:
        for visitor in visitors:
            visitor.stop()
    switch = switch_of(operation, requested_at, {WWW: "2", TEST: "1"})
    found = analyse(load.records, Expectation({WWW: "1", TEST: "2"}, [switch]))
    assert found.is_clean and found.requests > 20, found
    assert {one.version for one in load.records} == {"1", "2"}
    assert [visitor.failures for visitor in visitors] == [[], []]
    assert {*visitors[0].versions} == {*visitors[1].versions} == {"1", "2"}
    assert versions(system, staged) == ("2", "1")
    assert asked(system, WWW) == "2" and asked(system, TEST) == "1"
    assert before == {name: fingerprint(tls_port, name, authorities[slot_of(name)]) for name in (WWW, TEST)}


SLOTS = {"production": WWW, "staging": TEST}


def slot_of(name: str) -> str:
    return next(slot for slot, held in SLOTS.items() if held == name)


def claim(portal: httpx.Client, site: str, slot: str, name: str) -> str:
    """The address of the dialog in which it was claimed."""
    address = f"/sites/{site}/{slot}/domains/"
    answer = portal.post(address, data={"name": name})
    assert answer.status_code == 303, answer.text
    return address


def upload(portal: httpx.Client, site: str, slot: str, name: str) -> str:
    """Buy a certificate and upload it; the authority to trust."""
    key = new_key()
    certificate = signed(name, key=key)
    files = {"file": ("site.pem", pem_of(certificate) + key_pem(key))}
    answer = portal.post(f"/sites/{site}/{slot}/certificates/", files=files)
    assert answer.status_code == 303, answer.text
    return pem_of(certificate).decode()


def are_verified() -> bool:
    return {one.state for one in CustomDomain.objects.all()} == {"verified"}


def answers(port: int, name: str, authority: str) -> bool:
    try:
        return bool(fingerprint(port, name, authority))
    except OSError:
        return False


async def speaks_http3(port: int, secure: Secure) -> bool:
    visitor = Http3Connection("127.0.0.1", port, "first", secure)
    try:
        await visitor.prepare()
    except ConnectionRefused:
        return False
    visitor.close()
    return True


def asked(system: System, host: str) -> str:
    """Which version answers at a host name by plain HTTP."""
    answer = httpx.get(f"http://127.0.0.1:{system.port}/", headers={"Host": host}, trust_env=False)
    return answer.headers.get("X-Version", str(answer.status_code))
