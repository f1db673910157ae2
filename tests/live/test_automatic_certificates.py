"""Automatic certificates: ordered at a real authority (Pebble), proven by HTTP and by DNS, given without a reload."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from django.db.models import Q
from django.test import override_settings

from sites.models import AutomaticCertificate, Certificate, CustomDomain, HostName
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
SUFFIX, PORTAL = "sites.example.net", "portal.example.net"
PUBLISHING, OF_STAGING = f"woodgrove.scm.{SUFFIX}", f"woodgrove-staging.scm.{SUFFIX}"


@pytest.fixture
def server() -> Iterator[DnsServer]:
    """The DNS of the world, and of the zone."""
    zones = {(zone, "SOA"): [f"ns.{zone}. admin.{zone}. 1 2 3 4 5"] for zone in ("woodgrove.example", "example.net")}
    with dns_server(zones | {(name, "A"): ["127.0.0.1"] for name in (WWW, PORTAL, PUBLISHING)}) as server:
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
        GREENROOM_SUFFIX=SUFFIX,
        GREENROOM_PORTAL_HOST=PORTAL,
        GREENROOM_PORTAL_URL=f"https://{PORTAL}:{tls_port}",
        ACME_FOR="portal,publishing",
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
    with using(system), override_settings(KEY_FILE=system.data / "secret.key", SUFFIX=SUFFIX):
        yield stage(system, "woodgrove", instances=1)


def given_at(port: int, name: str, root: str) -> list[str]:
    """The names in the certificate that visitors get; none where they do not trust it."""
    try:
        return names_of(fingerprint(port, name, root))
    except OSError:
        return []


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
        # Of a host name that has one of the installation already
        wait_until(lambda: given_at(tls_port, PUBLISHING, root) == [f"*.scm.{SUFFIX}"], 60, "publishing has TLS")
        number = HostName.objects.get(name=PUBLISHING).pk
        assert portal.post(certificates, data={"automatic": number}).status_code == 303
        wait_until(lambda: given_at(tls_port, PUBLISHING, root) == [PUBLISHING], 60, "it has one of its own")
    assert given_at(tls_port, OF_STAGING, root) == [f"*.scm.{SUFFIX}"]
    wait_until(lambda: given_at(tls_port, PORTAL, root) == [PORTAL], 60, "the portal has TLS")
    for name in (WWW, BELOW):
        wait_until(lambda name=name: given_at(tls_port, name, root), 60, f"{name} has TLS")
    first = {name: fingerprint(tls_port, name, root) for name in (WWW, BELOW, PORTAL)}
    assert {name: names_of(leaf) for name, leaf in first.items()} == {WWW: [WWW], BELOW: [WILD], PORTAL: [PORTAL]}
    wait_until(lambda: not any("_acme" in name for name, _ in server.records), 60, "the record is removed")

    due = Q(host_name__name=WWW) | Q(own_name=PORTAL)
    AutomaticCertificate.objects.filter(due).update(due_at=now())
    for name in (WWW, PORTAL):
        wait_until(lambda name=name: fingerprint(tls_port, name, root) != first[name], 60, f"{name} is renewed")
    assert fingerprint(tls_port, BELOW, root) == first[BELOW]
    assert Certificate.objects.count() == 5
    serials = {x509.load_pem_x509_certificate(one.chain.encode()).serial_number for one in Certificate.objects.all()}
    assert x509.load_der_x509_certificate(first[WWW]).serial_number not in serials
