"""Which certificates are to be ordered now: within the limits, in time before the end, later after each failure."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet

from sites.acme import configured, errand
from sites.acme.shapes import AcmeRefused, AcmeUnreachable
from sites.errors import CertificateRefused
from sites.jobs import own_certificates
from sites.models import (
    AcmeAccount,
    AutomaticCertificate,
    Certificate,
    CertificateOrder,
    HostName,
    Membership,
    Mode,
    OrderState,
    Role,
    Slot,
)
from sites.models.clock import now
from sites.operations.kinds.recorded import CERTIFICATES
from sites.tls.issuing import new_key, pem_of
from sites.tls.reader import read_upload

ACTOR = "Greenroom"
BATCH = 20
DAY = timedelta(days=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(hours=1), timedelta(days=1)
"""Between orders that fail: doubled each time. Authorities count failures, an hour's for each name."""
SPREAD = 0.02
"""By this part of its lifetime the renewal of a certificate is moved, so that those of one day part."""
KEPT = timedelta(days=30)
"""So long an order that has ended is kept."""
ASK_EVERY = timedelta(hours=12)
LONGEST = 600


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to be sent."""

    to: str
    subject: str
    body: str


def begin_due() -> None:
    """Write an order for each certificate that is due, renewals first; forget old orders."""
    if not settings.ACME_DIRECTORY:
        return
    CertificateOrder.objects.filter(created_at__lt=now() - KEPT, due_at=None).delete()
    own_certificates.take_names()
    due = AutomaticCertificate.objects.filter(due_at__lte=now()).exclude(orders__state__in=CertificateOrder.OPEN)
    first = due.order_by(F("certificate").asc(nulls_last=True), "due_at", "pk")
    for pk in list(first.values_list("pk", flat=True)[:BATCH]):
        _begin(pk)


def is_needed() -> bool:
    """Whether one may be due."""
    due = AutomaticCertificate.objects.filter(due_at__lte=now()).exclude(orders__state__in=CertificateOrder.OPEN)
    return bool(settings.ACME_DIRECTORY) and (own_certificates.have_changed() or due.exists())


@transaction.atomic
def _begin(pk: int) -> None:
    related = "host_name__slot__site__subscription"
    found = AutomaticCertificate.objects.select_for_update(of=("self",)).select_related(related)
    wish = found.filter(pk=pk, due_at__lte=now()).exclude(orders__state__in=CertificateOrder.OPEN).first()
    if wish is None:
        return
    site = wish.slot.site if wish.slot else None
    reason = configured.why_not(wish.name)
    if site is not None:
        if not Mode(site.mode).limits.certificates:
            reason = f"'{site.name}' is in {site.get_mode_display()} mode, which has no certificates"
        reason = reason or _limit_reached(site.subscription_id)
    if reason:
        _put_off(wish, f"No certificate was ordered: {reason}.")
        return
    account, _ = AcmeAccount.objects.get_or_create(
        directory=settings.ACME_DIRECTORY, defaults={"key": pem_of(new_key())}
    )
    CertificateOrder.objects.create(
        automatic=wish,
        subscription_id=site.subscription_id if site else None,
        account=account,
        name=wish.name,
        key=pem_of(new_key()),
    )


def _limit_reached(subscription_id: int) -> str:
    """As a half-sentence; orders count for a day, whatever became of them."""
    recent = CertificateOrder.objects.filter(created_at__gt=now() - DAY)
    if recent.filter(subscription=subscription_id).count() >= settings.ACME_ORDERS_PER_SUBSCRIPTION:
        most = settings.ACME_ORDERS_PER_SUBSCRIPTION
        return f"the subscription has ordered {most} within a day (ACME_ORDERS_PER_SUBSCRIPTION)"
    if recent.count() >= settings.ACME_ORDERS:
        return f"the installation has ordered {settings.ACME_ORDERS} within a day (ACME_ORDERS)"
    return ""


def _put_off(wish: AutomaticCertificate, sentence: str) -> None:
    wish.due_at, wish.last_error = now() + FIRST_PAUSE, sentence[:LONGEST]
    wish.save(update_fields=["due_at", "last_error"])


@transaction.atomic
def fail(order: CertificateOrder, reason: str) -> list[Notice]:
    """The order has ended, and the next one is begun later, after each failure twice as late; whom to write of it."""
    if not _end(order, OrderState.FAILED):
        return []
    wish = _wish_of(order)
    if wish is None:
        return []
    pause = min(FIRST_PAUSE * 2 ** min(wish.failures, 10), LONGEST_PAUSE)
    wish.failures = min(wish.failures + 1, 1000)
    wish.due_at = now() + pause
    wish.last_error = f"{order.name} got no certificate: {reason}."[:LONGEST]
    wish.save(update_fields=["failures", "due_at", "last_error"])
    slot = wish.slot
    if slot is not None:
        slot.site.touch_routes()
    if wish.failures > 1:
        return []
    said = f"{wish.last_error} It is tried again at {wish.due_at:%Y-%m-%d %H:%M} UTC, and later."
    _record(slot, said, error_code=CertificateRefused.code)
    subject = f"[Greenroom, {settings.PORTAL_HOST}] No certificate for {order.name}"
    return [Notice(to, subject, f"{said}\n\n{settings.PORTAL_URL}\n") for to in _told(slot)]


def _told(slot: Slot | None) -> list[str]:
    """The verified addresses of the people who own the subscription, or else of superusers, where mails are sent."""
    if not settings.EMAIL_HOST:
        return []
    people = User.objects.filter(is_active=True)
    if slot is None:
        people = people.filter(is_superuser=True)
    else:
        owners = Membership.objects.filter(subscription=slot.site.subscription, role=Role.OWNER)
        people = people.filter(pk__in=owners.values("user"))
    held = EmailAddress.objects.filter(user__in=people, verified=True, primary=True)
    return sorted(held.values_list("email", flat=True))


def install(order: CertificateOrder, chain: str) -> list[Notice]:
    """Take what was issued, give it at the host name, and forget the one before it; returns what `fail` does."""
    try:
        pair = read_upload(chain.encode() + str(order.key).encode(), "", at=now())
    except CertificateRefused as refusal:
        return fail(order, f"what was issued cannot be served ({refusal.values['reason']})")
    with transaction.atomic():
        wish = _wish_of(order)
        if wish is None or not _end(order, OrderState.ISSUED):
            return []
        slot = None
        if wish.slot is not None:
            slot = Slot.objects.select_for_update(of=("self",)).select_related("site").get(pk=wish.slot.pk)
        former = wish.certificate
        certificate = Certificate.objects.create(
            slot=slot,
            chain=pair.chain,
            key=pair.key,
            names=list(pair.names),
            issuer=pair.issuer,
            fingerprint=pair.fingerprint,
            not_before=pair.not_before,
            not_after=pair.not_after,
        )
        hosts = HostName.objects.filter(automatic=wish)
        if former is not None:  # whoever has chosen another one meanwhile keeps it
            hosts = hosts.filter(certificate=former)
        hosts.update(certificate=certificate)
        wish.certificate, wish.failures, wish.last_error = certificate, 0, ""
        wish.due_at, wish.asked_at = renewal_of(certificate), None
        wish.save()
        if former is not None and not former.host_names.exists():
            former.delete()
        if slot is not None:
            slot.site.touch_routes()
        until = f"until {certificate.not_after:%Y-%m-%d}, and renewed from {wish.due_at:%Y-%m-%d} on"
        _record(slot, f"{order.name} has a certificate by {certificate.issuer}, good {until}.")
        return []


def renewal_of(certificate: Certificate) -> datetime:
    """When to order its successor: when a third of its lifetime is left, or a little earlier."""
    life = certificate.not_after - certificate.not_before
    return certificate.not_after - life / 3 - life * SPREAD * (secrets.randbelow(1000) / 1000)


def _wish_of(order: CertificateOrder) -> AutomaticCertificate | None:
    """Locked; None when nobody wants the certificate any more."""
    held = AutomaticCertificate.objects.select_for_update(of=("self",))
    return held.filter(orders=order).first()


def _end(order: CertificateOrder, state: str) -> bool:
    """The key is forgotten, and a record in DNS is to be removed."""
    due_at = now() if order.has_record else None
    return order.transition(CertificateOrder.OPEN, state, key="", ended_at=now(), due_at=due_at, tries=0)


def _record(slot: Slot | None, outcome: str, error_code: str = "") -> None:
    site, target = (slot.site, slot.title) if slot else (None, settings.PORTAL_HOST)
    CERTIFICATES.record(actor_name=ACTOR, site=site, target=target, outcome=outcome, error_code=error_code)


def are_times_needed() -> bool:
    """Whether a certificate's time of renewal is to be asked for."""
    return bool(settings.ACME_DIRECTORY) and _not_asked_lately().exists()


def ask_for_times() -> None:
    """Ask when the authority wants one certificate to be renewed (ARI); it may want that sooner than we would."""
    wish = _not_asked_lately().select_related("certificate").order_by(F("asked_at").asc(nulls_first=True)).first()
    account = AcmeAccount.objects.filter(directory=settings.ACME_DIRECTORY).exclude(uri="").first()
    if wish is None or wish.certificate is None or account is None:
        return
    AutomaticCertificate.objects.filter(pk=wish.pk).update(asked_at=now())
    try:
        renew_at = errand.renewal_time(configured.access(key=account.key, uri=account.uri), wish.certificate.chain)
    except (AcmeRefused, AcmeUnreachable):
        return
    if renew_at is not None:
        sooner = AutomaticCertificate.objects.filter(pk=wish.pk, certificate=wish.certificate, due_at__gt=renew_at)
        sooner.update(due_at=renew_at)


def _not_asked_lately() -> QuerySet[AutomaticCertificate]:
    held = AutomaticCertificate.objects.filter(certificate__isnull=False, due_at__gt=now())
    return held.exclude(asked_at__gt=now() - ASK_EVERY)
