"""How long one more certificate takes to reach visitors, among few and among many."""

import hashlib
import socket
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from django.db.models import QuerySet

from sites.models import Certificate, HostName, Site, Slot
from sites.models.clock import now
from sites.models.required import required
from sites.services.certificates import add_certificate, remove_certificate
from sites.services.names import default_host
from sites.tls.issuing import new_key, pem_of
from tools.demo.staged_site import StagedSite

DELIVERY_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.002


def deliveries(sites: Sequence[StagedSite], port: int, rounds: int) -> list[float]:
    """Upload so many certificates for the productions in turn; the seconds until a visitor gets each one.

    Raises TimeoutError.
    """
    found = []
    for site in islice(cycle(sites), rounds):
        host, slot = default_host(site.name), site.production
        pem, fingerprint = _bought(host, days=365)
        began = time.perf_counter()
        certificate = add_certificate(acting_user=site.user, slot=slot, content=pem, password="")
        _wait_until_given(port, host, fingerprint)
        found.append(time.perf_counter() - began)
        remove_certificate(acting_user=site.user, slot=slot, number=certificate.pk)
        _wait_until_given(port, host, fingerprint, is_gone=True)
    return found


def furnish(hosts: Sequence[str]) -> None:
    """Bind a certificate of its own to each of these host names of configured sites, as rows."""
    names = {one.name: one for one in HostName.objects.filter(name__in=hosts).select_related("slot")}
    moment = now()
    with transaction.atomic():
        made = Certificate.objects.bulk_create(_row(names[host].slot, host, moment) for host in hosts)
        for host, certificate in zip(hosts, made, strict=True):
            names[host].certificate = certificate
        HostName.objects.bulk_update(names.values(), ["certificate"], batch_size=500)
        for site in Site.objects.filter(slots__host_names__name__in=hosts).distinct():
            site.touch_routes()


def wait_until_held(port: int, names: QuerySet[HostName]) -> None:
    """Shake hands for each of these host names until the router gives its own certificate. Raises TimeoutError."""
    for one in names.select_related("certificate"):
        _wait_until_given(port, one.name, required(one.certificate, "the certificate").fingerprint)


def given_for(port: int, host: str) -> str:
    """The SHA-256 of the certificate that visitors of a host name get. Raises OSError."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 15) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()


def _given(port: int, host: str) -> str:
    try:
        return given_for(port, host)
    except OSError:
        return ""


def _wait_until_given(port: int, host: str, fingerprint: str, *, is_gone: bool = False) -> None:
    ends_at = time.monotonic() + DELIVERY_SECONDS
    while (_given(port, host) == fingerprint) is is_gone:
        if time.monotonic() > ends_at:
            raise TimeoutError(f"a certificate for {host} did not take effect within {DELIVERY_SECONDS:g} s")
        time.sleep(LOOK_EVERY_SECONDS)


def _row(slot: Slot, host: str, moment: datetime) -> Certificate:
    pem, fingerprint = _bought(host, days=60)
    chain, mark, key = pem.decode().partition("-----BEGIN PRIVATE KEY-----")
    return Certificate(
        slot=slot,
        chain=chain,
        key=mark + key,
        names=[host],
        issuer="bench",
        fingerprint=fingerprint,
        not_before=moment,
        not_after=moment + timedelta(days=60),
    )


def _bought(host: str, *, days: int) -> tuple[bytes, str]:
    """Certificate and key (PEM) as somebody would upload them, and the SHA-256 of the certificate."""
    key, today = new_key(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    leaf = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, SHA256())
    )
    fingerprint = hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest()
    return leaf.public_bytes(Encoding.PEM) + pem_of(key).encode(), fingerprint
