"""Automatic certificates: ordered at a real authority (Pebble), proven by HTTP and by DNS, given without a reload."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from django.test import override_settings

from sites.models import AutomaticCertificate, Certificate, CustomDomain
from sites.models.clock import now
from tests.fakes.dns_server import KEY, KEY_NAME, DnsServer, dns_server
from tests.live.pebble import Pebble, pebble
from tests.live.stage import stage, using
from tests.live.system import System, free_port
from tests.live.system import wait_for as wait_until
from tests.live.tls_visitor import fingerprint, names_of
from tools.demo.staged_site import StagedSite

pytestmark = pytest.mark.live
WWW, WILD, BELOW = "www.woodgrove.example", "*.woodgrove.example", "shop.woodgrove.example"


@pytest.fixture
def server() -> Iterator[DnsServer]:
    """The DNS of the world, and of the zone."""
    zone = {("woodgrove.example", "SOA"): ["ns.woodgrove.example. admin.woodgrove.example. 1 2 3 4 5"]}
    with dns_server({**zone, (WWW, "A"): ["127.0.0.1"]}) as server:
        yield server


@pytest.fixture
def tls_port() -> int:
    return free_port()


@pytest.fixture
def authority(
    make_system: Callable[..., System], server: DnsServer, tls_port: int, tmp_path: Path
) -> Iterator[tuple[System, Pebble]]:
    """A system, and the authority that issues its certificates."""
    system = make_system(
        GREENROOM_TLS_PORT=str(tls_port),
        DOMAIN_PROOF="0",
        ACME_DNS_SERVER=server.address,
        ACME_DNS_KEY_NAME=KEY_NAME,
        ACME_DNS_KEY=KEY,
        ACME_DNS_SECONDS="0",
    )
    with pebble(tmp_path / "pebble", http_port=system.port, dns=server.address) as running:
        system.environment |= running.settings
        system.start()
        yield system, running


@pytest.fixture
def system(authority: tuple[System, Pebble]) -> System:
    return authority[0]


@pytest.fixture
def root(authority: tuple[System, Pebble]) -> str:
    """What visitors trust."""
    return authority[1].root


@pytest.fixture
def staged(system: System) -> Iterator[StagedSite]:
    with using(system), override_settings(KEY_FILE=system.data / "secret.key"):
        yield stage(system, "woodgrove", instances=1)


def is_given(port: int, name: str, root: str) -> bool:
    """Whether visitors get a certificate that they trust."""
    try:
        return bool(fingerprint(port, name, root))
    except OSError:
        return False


def test_names_get_certificates_by_http_and_by_dns_and_new_ones_in_time(
    system: System, staged: StagedSite, server: DnsServer, root: str, tls_port: int
) -> None:
    certificates = f"/sites/{staged.name}/production/certificates/"
    with system.signed_in() as portal:
        for name in (WWW, WILD):
            answer = portal.post(f"/sites/{staged.name}/production/domains/", data={"name": name})
            assert answer.status_code == 303, answer.text
        # The authority comes by plain HTTP, also to a slot that takes HTTPS only
        assert portal.post(certificates, data={"save": "1", "https_only": "on"}).status_code == 303
        for domain in CustomDomain.objects.all():
            number = domain.slot.host_names.get(name=domain.name).pk
            assert portal.post(certificates, data={"automatic": number}).status_code == 303

        def shown() -> str:
            return portal.get(certificates).text

        wait_until(lambda: shown().count("domains__state--verified") == 2, 60, "both are issued")
    for name in (WWW, BELOW):
        wait_until(lambda name=name: is_given(tls_port, name, root), 60, f"{name} has TLS")
    first = {name: fingerprint(tls_port, name, root) for name in (WWW, BELOW)}
    assert {name: names_of(leaf) for name, leaf in first.items()} == {WWW: [WWW], BELOW: [WILD]}
    wait_until(lambda: not any("_acme" in name for name, _ in server.records), 60, "the record is removed")

    AutomaticCertificate.objects.filter(host_name__name=WWW).update(due_at=now())
    wait_until(lambda: fingerprint(tls_port, WWW, root) != first[WWW], 60, "it is renewed")
    assert fingerprint(tls_port, BELOW, root) == first[BELOW]
    assert Certificate.objects.count() == 2
    serials = {x509.load_pem_x509_certificate(one.chain.encode()).serial_number for one in Certificate.objects.all()}
    assert x509.load_der_x509_certificate(first[WWW]).serial_number not in serials
