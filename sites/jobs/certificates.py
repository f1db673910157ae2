"""Warn of certificates that end soon, in the notification bar and the operation logs."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from sites.counted import counted
from sites.errors import CertificateRefused
from sites.events import recording
from sites.events.types import CERTIFICATE_ENDING
from sites.models import Certificate
from sites.models.certificate import WARNING_DAYS
from sites.models.clock import now
from sites.operations.kinds.recorded import CERTIFICATES

ACTOR = "Greenroom"


def run() -> None:
    """Once for each of WARNING_DAYS, of certificates that are given somewhere.

    Of one that is renewed automatically only when that fails.
    """
    moment = now()
    ending = Certificate.objects.filter(not_after__lte=moment + timedelta(days=WARNING_DAYS[0]))
    is_given = Q(host_names__isnull=False) | Q(slot=None)
    given = ending.filter(is_given).filter(Q(automatic=None) | Q(automatic__failures__gt=0)).distinct()
    bound = given.select_related("slot__site__subscription", "automatic")
    for certificate in bound:
        days = certificate.days_left(moment)
        due = min(limit for limit in WARNING_DAYS if days <= limit)
        if certificate.warned_days is not None and certificate.warned_days <= due:
            continue
        taken = Certificate.objects.filter(pk=certificate.pk, warned_days=certificate.warned_days)
        with transaction.atomic():
            if taken.update(warned_days=due):
                _warn(certificate, days)


def _warn(certificate: Certificate, days: int) -> None:
    when = f"{certificate.not_after:%Y-%m-%d}"
    ends = f"expired on {when}" if days < 0 else f"expires on {when}, in {counted(days, 'day')}"
    slot = certificate.slot
    title = slot.title if slot else settings.PORTAL_HOST
    wish = getattr(certificate, "automatic", None)
    remedy = f"Its renewal fails: {wish.last_error}" if wish else "Upload a new one under Certificates."
    sentence = f"The certificate for {certificate.title} of '{title}' {ends}. {remedy}"
    site = slot.site if slot else None
    CERTIFICATES.record(actor_name=ACTOR, site=site, target=title, error_code=CertificateRefused.code, outcome=sentence)
    if slot is None or site is None:
        return  # events belong to subscriptions
    recording.record(
        [CERTIFICATE_ENDING],
        subscription=site.subscription,
        site=site,
        subject=title,
        sentence=sentence,
        data={"slots": [slot.name], "not_after": when, "days": days},
    )
