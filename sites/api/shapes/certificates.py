"""Host names with their certificates, for answers."""

from datetime import datetime

from ninja import Schema
from pydantic import Field

from sites.services.automatic_certificates import HostShown


class HostCertificate(Schema):
    """A host name of a slot, and the certificate that is given there."""

    host: str
    issuer: str | None = Field(description="null: the installation's own certificate is given")
    expires_at: datetime | None
    automatic: bool = Field(description="a certificate is issued and renewed automatically")
    state: str = Field(description="off, waiting, issued, failed, or what an open order does")
    next_at: datetime | None = Field(description="when the next one is ordered")
    last_error: str = Field(description="why the last order failed; empty once one was issued")


def describe_host(shown: HostShown) -> HostCertificate:
    """For an answer."""
    certificate = shown.host.certificate
    return HostCertificate(
        host=shown.host.name,
        issuer=certificate.issuer if certificate else None,
        expires_at=certificate.not_after if certificate else None,
        automatic=shown.wish is not None,
        state=shown.state,
        next_at=shown.next_at,
        last_error=shown.wish.last_error if shown.wish else "",
    )
