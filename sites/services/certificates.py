"""TLS of a slot: its certificates, at which host names they are given, HTTPS only, and the least version."""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.counted import counted
from sites.errors import (
    CertificateLimit,
    CertificateRefused,
    NotFound,
    Refused,
    SettingRefused,
    TooManyCertificateChanges,
)
from sites.models import AutomaticCertificate, Certificate, HostName, HostNameKind, Mode, Operation, Site, Slot
from sites.models.clock import now
from sites.operations.kinds.recorded import CERTIFICATES, made_by_people
from sites.services.effect import once_routers_have_it
from sites.tls.reader import read_upload

MOST_HSTS_DAYS = 730
"""Two years: what lists of browsers ask for, and as long as nobody should be bound by accident."""
MOST_CHANGES = 60
"""So often people may change certificates and TLS of a web site within CHANGES_WITHIN: each change reaches all routers,
and with HTTP/3 the visitors of other web sites too."""
CHANGES_WITHIN = timedelta(hours=1)


def why_not_certificates(site: Site) -> Refused | None:
    """What keeps a slot of the site from having certificates at all."""
    most = Mode(site.mode).limits.certificates
    return None if most else CertificateLimit(name=site.name, mode=site.get_mode_display(), most="no")


def ensure_room_for_change(site: Site) -> None:
    """Raises TooManyCertificateChanges."""
    made_at = made_by_people(CERTIFICATES, site, since=now() - CHANGES_WITHIN, most=MOST_CHANGES)
    if len(made_at) == MOST_CHANGES:
        left = (made_at[-1] + CHANGES_WITHIN - now()).total_seconds()
        raise TooManyCertificateChanges(name=site.name, most=MOST_CHANGES, retry_after=max(1, int(left) + 1))


def hosts_with_tls(slot: Slot) -> list[HostName]:
    """The host names of the slot: those of visitors and, at the end, those of publishing clients."""
    hosts = list(slot.host_names.select_related("certificate"))
    return sorted(hosts, key=lambda host: host.kind == HostNameKind.PUBLISHING)


def add_certificate(*, acting_user: User, slot: Slot, content: bytes, password: str) -> Certificate:
    """Take a certificate with its key, and bind it where it is the better one: no other, or one that ends sooner.

    Raises CertificateRefused, CertificateLimit, NotAllowed, TooManyCertificateChanges.
    """
    slot = access.slot_for_change(acting_user, slot)
    pair = read_upload(content, password, at=now())
    with transaction.atomic():
        ensure_room_for_change(slot.site)
        Slot.objects.select_for_update().get(pk=slot.pk)
        most = Mode(slot.site.mode).limits.certificates
        if slot.certificates.filter(automatic=None).count() >= most:
            raise CertificateLimit(name=slot.title, mode=slot.site.get_mode_display(), most=most or "no")
        if slot.certificates.filter(fingerprint=pair.fingerprint).exists():
            raise CertificateRefused(reason=f"'{slot.title}' has it already", remedy="Upload another one.")
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
        bound = [host for host in hosts_with_tls(slot) if _is_better(certificate, host)]
        HostName.objects.filter(pk__in=[host.pk for host in bound]).update(certificate=certificate)
        slot.site.touch_routes()
        where = ", ".join(host.name for host in bound) or "none of its host names yet"
        _record(acting_user, slot, f"'{slot.title}' has a certificate for {certificate.title}, given at {where}.")
        return certificate


def certificate_of(slot: Slot, number: int) -> Certificate:
    """One of the slot's certificates. Raises NotFound."""
    found = slot.certificates.filter(pk=number).first()
    if found is None:
        raise NotFound
    return found


def _is_better(certificate: Certificate, host: HostName) -> bool:
    present = host.certificate
    return certificate.covers(host.name) and (present is None or present.not_after < certificate.not_after)


def remove_certificate(*, acting_user: User, slot: Slot, number: int) -> Operation:
    """Forget a certificate and its key.

    Raises NotFound, NotAllowed, TooManyCertificateChanges, and SettingRefused for one that is renewed automatically.
    """
    slot = access.slot_for_change(acting_user, slot)
    with transaction.atomic():
        ensure_room_for_change(slot.site)
        certificate = certificate_of(slot, number)
        title = certificate.title
        if AutomaticCertificate.objects.filter(certificate=certificate).exists():
            raise SettingRefused(
                f"The certificate for {title} is renewed automatically. Nothing was changed. "
                "Stop the automatic certificate first, then remove it."
            )
        certificate.delete()
        slot.site.touch_routes()
        return _record(acting_user, slot, f"'{slot.title}' has no certificate for {title} any more.")


def save_tls(
    *,
    acting_user: User,
    slot: Slot,
    bindings: Mapping[int, int],
    is_https_only: bool,
    refuses_tls_1_2: bool,
    hsts_days: int | None = None,
) -> Operation:
    """Which certificate is given at which host name (ids; 0: none of the slot's), HTTPS only, and TLS 1.3 only.

    `hsts_days`: so long browsers keep to HTTPS after a visit; 0: that is not said, None: as before.

    Raises TooManyCertificateChanges, and SettingRefused for a certificate that does not cover the name, for HTTPS only
    where there is no TLS, and for browsers that are to keep to HTTPS while plain HTTP is taken.
    """
    slot = access.slot_for_change(acting_user, slot)
    days = (slot.hsts_days if is_https_only else 0) if hsts_days is None else hsts_days
    if not 0 <= days <= MOST_HSTS_DAYS:
        raise SettingRefused(
            f"Browsers can be told to keep to HTTPS for 0 to {MOST_HSTS_DAYS} days, not {days}; nothing was saved."
        )
    if days and not is_https_only:
        raise SettingRefused(
            f"'{slot.title}' takes plain HTTP, so browsers cannot be told to keep to HTTPS; nothing was saved. "
            "Choose HTTPS only as well, or 0 days."
        )
    if is_https_only and not settings.HTTPS_PORT:
        raise SettingRefused(
            f"'{slot.title}' cannot be reached by HTTPS here, so nothing was saved. Start Greenroom with --tls-port, "
            "or set GREENROOM_HTTPS_PORT if a proxy in front of it speaks TLS."
        )
    with transaction.atomic():
        ensure_room_for_change(slot.site)
        known = {certificate.pk: certificate for certificate in slot.certificates.all()}
        for host in hosts_with_tls(slot):
            wanted = bindings.get(host.pk, host.certificate_id or 0)
            if wanted != (host.certificate_id or 0):
                _bind(host, known.get(wanted) if wanted else None, is_missing=bool(wanted) and wanted not in known)
        values = {"is_https_only": is_https_only, "refuses_tls_1_2": refuses_tls_1_2, "hsts_days": days}
        Slot.objects.filter(pk=slot.pk).update(**values)
        slot.site.touch_routes()
        outcome = _protocols(slot, is_https_only=is_https_only, refuses_tls_1_2=refuses_tls_1_2, days=days)
        return _record(acting_user, slot, outcome)


def _protocols(slot: Slot, *, is_https_only: bool, refuses_tls_1_2: bool, days: int) -> str:
    """How the slot can be reached from now on, as a sentence."""
    least = f"TLS {'1.3' if refuses_tls_1_2 else '1.2'} or later"
    if not settings.HTTPS_PORT:
        return f"'{slot.title}' takes HTTP; this installation has no HTTPS yet. Once it has, it takes {least}."
    only = "HTTPS only" if is_https_only else "HTTP and HTTPS"
    only += f", to which browsers keep for {counted(days, 'day')}," if days else ""
    return f"'{slot.title}' takes {only}, with {least}."


def _bind(host: HostName, certificate: Certificate | None, *, is_missing: bool) -> None:
    if is_missing:
        raise NotFound
    if certificate is not None and not certificate.covers(host.name):
        raise SettingRefused(
            f"The certificate for {certificate.title} is not good for {host.name}; nothing was saved. "
            "Choose one that names this host."
        )
    HostName.objects.filter(pk=host.pk).update(certificate=certificate)


def _record(acting_user: User, slot: Slot, outcome: str) -> Operation:
    record = CERTIFICATES.record(
        acting_user=acting_user,
        actor_name=access.name_of(acting_user),
        site=slot.site,
        target=slot.title,
        outcome=outcome,
    )
    once_routers_have_it(slot.site, record)
    return record
