"""The installation's own automatic certificates: the proof of the portal's host, and how each stands."""

from django.conf import settings

from sites.acme.configured import own_names
from sites.models import AutomaticCertificate, CertificateOrder
from sites.plain_text import one_line


def proof_of_portal(token: str) -> str | None:
    """What an authority has to find at the portal's host under `token`; None: nothing."""
    own = CertificateOrder.objects.filter(automatic__own_name=settings.PORTAL_HOST, state__in=CertificateOrder.SHOWN)
    return next((proof["value"] for order in own for proof in order.proofs if proof["token"] == token), None)


def lines() -> list[str]:
    """A line for each name of ACME_FOR: until when it has a certificate, or why it has none."""
    rows = AutomaticCertificate.objects.filter(own_name__in=own_names()).select_related("certificate")
    known = {row.own_name: row for row in rows}
    return [f"{name}: {_state(known.get(name))}" for name in own_names()]


def _state(row: AutomaticCertificate | None) -> str:
    if not settings.ACME_DIRECTORY:
        return "no certificate is ordered, for ACME_DIRECTORY is not set"
    if row is None or (row.certificate is None and not row.last_error):
        return "being ordered"
    good = (
        f"until {row.certificate.not_after:%Y-%m-%d}, renewed from {row.due_at:%Y-%m-%d} on" if row.certificate else ""
    )
    return one_line(". ".join(part for part in (good, row.last_error) if part))
