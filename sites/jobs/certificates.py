"""Warn of certificates that end soon, in the notification bar and the operation logs."""

from datetime import timedelta

from sites.errors import CertificateRefused
from sites.models import Certificate
from sites.models.certificate import WARNING_DAYS
from sites.models.clock import now
from sites.operations.kinds.recorded import CERTIFICATES

ACTOR = "Greenroom"


def run() -> None:
    """Once for each of WARNING_DAYS, of certificates that are given somewhere."""
    moment = now()
    ending = Certificate.objects.filter(not_after__lte=moment + timedelta(days=WARNING_DAYS[0]))
    bound = ending.filter(host_names__isnull=False).distinct().select_related("slot__site__subscription")
    for certificate in bound:
        days = certificate.days_left(moment)
        due = min(limit for limit in WARNING_DAYS if days <= limit)
        if certificate.warned_days is not None and certificate.warned_days <= due:
            continue
        taken = Certificate.objects.filter(pk=certificate.pk, warned_days=certificate.warned_days)
        if taken.update(warned_days=due):
            _warn(certificate, days)


def _warn(certificate: Certificate, days: int) -> None:
    when = f"{certificate.not_after:%Y-%m-%d}"
    ends = f"expired on {when}" if days < 0 else f"expires on {when}, in {days} day{'' if days == 1 else 's'}"
    title = certificate.slot.title
    CERTIFICATES.record(
        actor_name=ACTOR,
        site=certificate.slot.site,
        target=title,
        error_code=CertificateRefused.code,
        outcome=f"The certificate for {certificate.title} of '{title}' {ends}. Upload a new one under Certificates.",
    )
