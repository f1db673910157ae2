"""Automatic certificates of a slot's host names: wanted, no longer wanted, and how far each is."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.acme.configured import why_not
from sites.errors import NotFound, SettingRefused
from sites.models import AutomaticCertificate, CertificateOrder, HostName, Operation, Slot
from sites.models.clock import now
from sites.operations.kinds.recorded import CERTIFICATES
from sites.services.certificates import ensure_room_for_change, hosts_with_tls, why_not_certificates


@dataclass(frozen=True, slots=True)
class HostShown:
    """A host name with what is known of its certificate."""

    host: HostName
    wish: AutomaticCertificate | None
    order: CertificateOrder | None
    """The one that is open."""
    reason: str
    """Why no automatic certificate can be had, as a half-sentence; '' where it can."""

    @property
    def state(self) -> str:
        """In words."""
        if self.wish is None:
            return "off"
        if self.order is not None:
            return self.order.get_state_display()
        if self.wish.last_error:
            return "failed"
        return "issued" if self.wish.certificate_id else "waiting"

    @property
    def next_at(self) -> datetime | None:
        """When the next one is ordered; None: it is not known, or goes on."""
        return None if self.wish is None or self.order is not None else self.wish.due_at


def hosts_of(slot: Slot) -> list[HostShown]:
    """The host names of the slot, those of publishing clients too."""
    hosts = hosts_with_tls(slot)
    wishes = {one.host_name_id: one for one in AutomaticCertificate.objects.filter(host_name__in=hosts)}
    open_orders = CertificateOrder.objects.filter(automatic__in=wishes.values(), state__in=CertificateOrder.OPEN)
    orders = {order.automatic_id: order for order in open_orders}
    shown = []
    for host in hosts:
        wish = wishes.get(host.pk)
        shown.append(HostShown(host, wish, orders.get(wish.pk) if wish else None, why_not(host.name)))
    return shown


def start(*, acting_user: User, slot: Slot, name: str) -> Operation:
    """Have a certificate issued for a host name of the slot, and renewed in time.

    Raises NotFound, NotAllowed, CertificateLimit, TooManyCertificateChanges, and SettingRefused where none can be had,
    or it is so already.
    """
    slot = access.slot_for_change(acting_user, slot)
    if (limit := why_not_certificates(slot.site)) is not None:
        raise limit
    host = _host(slot, name)
    if reason := why_not(host.name):
        raise SettingRefused(f"{host.name} cannot have an automatic certificate: {reason}. Nothing was changed.")
    with transaction.atomic():
        ensure_room_for_change(slot.site)
        Slot.objects.select_for_update().get(pk=slot.pk)
        _, is_new = AutomaticCertificate.objects.get_or_create(host_name=host)
        if not is_new:
            raise SettingRefused(f"{host.name} has an automatic certificate already. Nothing was changed.")
        return _record(acting_user, slot, f"A certificate is issued for {host.name} automatically from now on.")


def stop(*, acting_user: User, slot: Slot, name: str) -> Operation:
    """Order none any more. The one that is given there stays until its end.

    Raises NotFound, NotAllowed, TooManyCertificateChanges.
    """
    slot = access.slot_for_change(acting_user, slot)
    with transaction.atomic():
        ensure_room_for_change(slot.site)
        wish = _wish(slot, name)
        wish.orders.filter(state__in=CertificateOrder.OPEN).update(due_at=now())
        wish.delete()
        slot.site.touch_routes()
        return _record(acting_user, slot, f"No certificate is issued for {name} automatically any more.")


def wanted(slot: Slot, name: str) -> AutomaticCertificate:
    """Raises NotFound where no automatic certificate is wanted."""
    return _wish(slot, name)


def _wish(slot: Slot, name: str) -> AutomaticCertificate:
    found = AutomaticCertificate.objects.select_related("certificate").filter(
        host_name__slot=slot, host_name__name=name
    )
    wish = found.first()
    if wish is None:
        raise NotFound
    return wish


def _host(slot: Slot, name: str) -> HostName:
    found = next((host for host in hosts_with_tls(slot) if host.name == name), None)
    if found is None:
        raise NotFound
    return found


def _record(acting_user: User, slot: Slot, outcome: str) -> Operation:
    return CERTIFICATES.record(
        acting_user=acting_user,
        actor_name=acting_user.get_username(),
        site=slot.site,
        target=slot.title,
        outcome=outcome,
    )
