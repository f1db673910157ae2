"""Domain names of a slot, its uploaded certificates and its way of TLS, as they are sent and answered."""

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.models import Certificate, CustomDomain, DomainState, Slot
from sites.services import certificates


class DomainShown(Schema):
    """A name that the slot claims, with the two records of which one proves it."""

    number: int
    name: str
    state: DomainState
    cname_target: str = Field(description="what a CNAME record of the name has to lead to")
    txt_name: str = Field(description="or where a TXT record has to stand")
    txt_value: str = Field(description="and what it has to say")
    finding: str = Field(description="what was looked up last and proves nothing; empty otherwise")


class NewDomain(Asked):
    """A name to claim."""

    name: str = Field(min_length=1, max_length=253)


class CertificateShown(Schema):
    """A certificate that somebody uploaded. Its key is shown to nobody."""

    number: int
    names: list[str]
    issuer: str
    fingerprint: str = Field(description="SHA-256, in hex")
    expires_at: datetime


class NewCertificate(Asked):
    """A certificate with its key: `pem` as text, or `pfx` as base64, which may have a password."""

    pem: str | None = Field(None, max_length=200_000)
    pfx: str | None = Field(None, max_length=200_000)
    password: str = Field("", max_length=200)


class TlsShown(Schema):
    """How visitors come in by HTTPS."""

    https_only: bool
    least_version: Literal["1.2", "1.3"]
    certificates: dict[str, int | None] = Field(description="host name → number of its certificate, or null")


class NewTls(Asked):
    """What is to be different; what is left out stays."""

    https_only: bool | None = None
    least_version: Literal["1.2", "1.3"] | None = None
    certificates: dict[str, int | None] = Field(default_factory=dict, max_length=200)


def describe_domain(domain: CustomDomain) -> DomainShown:
    """For an answer."""
    return DomainShown(
        number=domain.pk,
        name=domain.name,
        state=DomainState(domain.state),
        cname_target=domain.target,
        txt_name=domain.proof_name,
        txt_value=domain.proof_text,
        finding=domain.finding,
    )


def describe_certificate(certificate: Certificate) -> CertificateShown:
    """For an answer."""
    return CertificateShown(
        number=certificate.pk,
        names=certificate.names,
        issuer=certificate.issuer,
        fingerprint=certificate.fingerprint,
        expires_at=certificate.not_after,
    )


def describe_tls(slot: Slot) -> TlsShown:
    """For an answer."""
    return TlsShown(
        https_only=slot.is_https_only,
        least_version="1.3" if slot.refuses_tls_1_2 else "1.2",
        certificates={host.name: host.certificate_id for host in certificates.hosts_with_tls(slot)},
    )
