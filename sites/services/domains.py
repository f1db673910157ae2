"""Custom domain names of a slot: claim one, have it looked at again, give it up."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from sites import access
from sites.errors import DomainLimit, DomainTaken, NotFound, Refused
from sites.models import CustomDomain, DomainState, HostName, HostNameKind, Mode, Operation, Site, Slot
from sites.models.clock import now
from sites.operations.kinds.recorded import DOMAINS
from sites.services.domain_names import domain_name

LOOK_AGAIN_SECONDS = 10
"""Nobody has a name looked up more often, however often they ask."""


def default_host(slot: Slot) -> str:
    """The slot's own address, to which a CNAME record leads; '' while the slot is being deleted."""
    hosts = (host.name for host in slot.host_names.all() if host.kind == HostNameKind.DEFAULT)
    return next(hosts, "")


def why_not_domains(site: Site) -> Refused | None:
    """What keeps a slot of the site from having custom domain names at all."""
    most = Mode(site.mode).limits.domains
    return None if most else DomainLimit(name=site.name, mode=site.get_mode_display(), most="no")


def add_domain(*, acting_user: User, slot: Slot, text: str) -> CustomDomain:
    """Claim a name for the slot. It answers there once the proof was found, or at once if none is asked for.

    Raises DomainRefused, DomainTaken, DomainLimit, NotAllowed.
    """
    slot = access.slot_for_change(acting_user, slot)
    name = domain_name(text)
    try:
        with transaction.atomic():
            Slot.objects.select_for_update().get(pk=slot.pk)
            _ensure_room(slot)
            _ensure_free(slot, name)
            domain = CustomDomain.objects.create(slot=slot, name=name, due_at=now())
            if settings.DOMAIN_PROOF:
                _record(acting_user, slot, f"'{slot.title}' has claimed {name}. It answers there once that is proven.")
            elif domain.verify():
                _record(acting_user, slot, f"'{slot.title}' answers at {name} now.")
            else:
                raise IntegrityError
            return domain
    except IntegrityError:
        raise DomainTaken(name=name, slot="another slot, or was claimed just now") from None


def domain_of(slot: Slot, number: int) -> CustomDomain:
    """One of the names that the slot claims. Raises NotFound."""
    found = slot.custom_domains.select_related("slot__site").filter(pk=number).first()
    if found is None:
        raise NotFound
    return found


def look_again(*, acting_user: User, slot: Slot, number: int) -> None:
    """Have the records of a name that is not verified looked up soon. Raises NotFound, NotAllowed."""
    domain = domain_of(access.slot_for_change(acting_user, slot), number)
    soonest = now()
    if domain.checked_at is not None:
        soonest = max(soonest, domain.checked_at + timedelta(seconds=LOOK_AGAIN_SECONDS))
    waiting = CustomDomain.objects.filter(pk=domain.pk).exclude(state=DomainState.VERIFIED)
    waiting.update(state=DomainState.PENDING, due_at=soonest, tries=0)


def remove_domain(*, acting_user: User, slot: Slot, number: int) -> Operation:
    """Give a name up: the slot no longer answers there. Raises NotFound, NotAllowed."""
    slot = access.slot_for_change(acting_user, slot)
    with transaction.atomic():
        domain = domain_of(slot, number)
        domain.withdraw()
        return _record(acting_user, slot, f"'{slot.title}' has given up {domain.name}.")


def _ensure_room(slot: Slot) -> None:
    most = Mode(slot.site.mode).limits.domains
    if slot.custom_domains.count() >= most:
        raise DomainLimit(name=slot.title, mode=slot.site.get_mode_display(), most=most or "no")


def _ensure_free(slot: Slot, name: str) -> None:
    """No name on two slots; whose it is stands there only within the same web site."""
    claims = CustomDomain.objects.filter(Q(slot__site=slot.site) | Q(state=DomainState.VERIFIED), name=name)
    claim = claims.select_related("slot__site").order_by("-slot__site").first()
    if claim is not None and claim.slot.site_id == slot.site_id:
        raise DomainTaken(name=name, slot=f"'{claim.slot.title}'")
    if claim is not None or HostName.objects.filter(name=name).exists():
        raise DomainTaken(name=name, slot="another web site")


def _record(acting_user: User, slot: Slot, outcome: str) -> Operation:
    return DOMAINS.record(
        acting_user=acting_user,
        actor_name=access.name_of(acting_user),
        site=slot.site,
        target=slot.title,
        outcome=outcome,
    )
