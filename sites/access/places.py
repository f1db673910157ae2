"""One subscription, site, slot or operation by its name, for somebody who may see it, or also change it."""

import uuid

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Prefetch

from sites.access.roles import (
    WRITING_ROLES,
    ensure_may_change,
    is_given_to,
    note_roles,
    owner_of,
    role_of,
    with_roles,
    words_of,
)
from sites.access.visible import visible_operations, visible_sites, visible_subscriptions
from sites.errors import NotAllowed, NotFound
from sites.models import Operation, Role, Site, Slot, Subscription


def get_subscription(user: User, public_id: str | uuid.UUID) -> Subscription:
    """The subscription of that public id. Raises NotFound for a stranger."""
    subscription = visible_subscriptions(user).filter(public_id=public_id).first()
    if subscription is None:
        raise NotFound
    return subscription


def get_subscription_for_owner(user: User, public_id: str | uuid.UUID) -> Subscription:
    """As `get_subscription`. Raises NotAllowed for everybody but its owners."""
    subscription = get_subscription(user, public_id)
    membership = subscription.memberships.get(user=user)
    if membership.role != Role.OWNER:
        raise NotAllowed(
            f"You may look at the subscription '{subscription.name}' but not change its people or its name: you are "
            f"a {membership.get_role_display()} of it. Its owner is {owner_of(subscription)}; ask there."
        )
    return subscription


def get_site(user: User, site_name: str) -> Site:
    """The site of that name. Raises NotFound for what is missing and what is not for this user alike."""
    found = with_roles(visible_sites(user).select_related("subscription"), user)
    site = found.filter(name=site_name.lower()).first()
    if site is None:
        raise NotFound
    note_roles(user, site, site)
    return site


def get_site_for_change(user: User, site_name: str) -> Site:
    """As `get_site`. Raises NotAllowed for a reader."""
    site = get_site(user, site_name)
    ensure_may_change(user, site, site.name)
    return site


def get_site_for_owner(user: User, site_name: str) -> Site:
    """As `get_site`. Raises NotAllowed for everybody but the owners of its subscription."""
    site = get_site(user, site_name)
    if role_of(user, site) != Role.OWNER:
        raise NotAllowed(
            f"You may look at the web site '{site.name}' but not decide who belongs to it. "
            f"The owner of its subscription is {owner_of(site.subscription)}; ask there."
        )
    return site


def get_slot(user: User, site_name: str, slot_name: str) -> Slot:
    """The slot of that site and name, with all that its pages show. Raises NotFound."""
    related = (
        "site__subscription",
        "workload__active_deployment",
        "live_revision",
        "hold__operation",
        "source_control",
    )
    siblings = Slot.objects.select_related("workload__active_deployment").defer("publishing_password")
    found = (
        Slot.objects.filter(site__in=visible_sites(user))
        .select_related(*related)
        .defer("live_revision__snapshot", "hold__operation__before", "source_control__password")
        .prefetch_related(Prefetch("site__slots", siblings))
    )
    found = with_roles(found, user, site="site", subscription="site__subscription")
    slot = found.filter(site__name=site_name.lower(), name=slot_name.lower()).first()
    if slot is None:
        raise NotFound
    note_roles(user, slot.site, slot)
    return slot


def get_slot_for_change(user: User, site_name: str, slot_name: str) -> Slot:
    """As `get_slot`. Raises NotAllowed for a reader."""
    slot = get_slot(user, site_name, slot_name)
    ensure_may_change(user, slot.site, slot.title)
    return slot


def get_slot_for_log(user: User, site_name: str, slot_name: str) -> Slot:
    """As `get_slot`. Raises NotAllowed for a reader: an application may write secrets into its log."""
    slot = get_slot(user, site_name, slot_name)
    ensure_may_see_log(user, slot.site, slot.title)
    return slot


def ensure_may_see_log(user: User, site: Site, name: str) -> None:
    """Raises NotAllowed for a reader; `name` is what was to be looked at."""
    role = role_of(user, site)
    if role not in WRITING_ROLES:
        said = words_of(user, role, site)
        raise NotAllowed(
            f"You may not see the log of '{name}': applications may write secrets into it, and you are a "
            f"{said['role']} of {said['place']}. Ask {said['owner']} for the role of a contributor."
        )


def slot_for_change(user: User, slot: Slot) -> Slot:
    """As `get_slot_for_change`; a slot that this user was given is taken as it is, so that one request asks once."""
    if not is_given_to(user, slot.site):
        return get_slot_for_change(user, slot.site.name, slot.name)
    ensure_may_change(user, slot.site, slot.title)
    return slot


def site_for_change(user: User, site: Site) -> Site:
    """As `slot_for_change`."""
    if not is_given_to(user, site):
        return get_site_for_change(user, site.name)
    ensure_may_change(user, site, site.name)
    return site


def get_operation(user: User, public_id: str | uuid.UUID) -> Operation:
    """The operation of that public id. Raises NotFound."""
    try:
        operation = visible_operations(user).filter(public_id=public_id).first()
    except (ValidationError, ValueError):
        operation = None
    if operation is None:
        raise NotFound
    return operation


def get_operation_for_change(user: User, public_id: str | uuid.UUID) -> Operation:
    """As `get_operation`. Raises NotAllowed for a reader."""
    operation = get_operation(user, public_id)
    place = operation.site or operation.subscription
    if place is not None:  # asking for it once is no right to go on with it
        ensure_may_change(user, place, operation.target)
    return operation
