"""Events, and the targets that are told of them, for somebody who may see or change them."""

import uuid

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from sites.access.grants import only_site
from sites.access.roles import ensure_may_change
from sites.access.visible import visible_sites, visible_subscriptions
from sites.errors import NotFound
from sites.models import Event, EventTarget, Subscription


def visible_events(user: User) -> QuerySet[Event]:
    """Events of the user's subscriptions and sites that have a number, in their order; without tests of targets."""
    return Event.objects.filter(_theirs(user), number__isnull=False, only_for=None).order_by("number")


def visible_event_targets(user: User) -> QuerySet[EventTarget]:
    """Event targets of the user's subscriptions, and of the user's sites."""
    return EventTarget.objects.filter(_theirs(user))


def get_event_target(user: User, public_id: str | uuid.UUID, subscription: Subscription | None = None) -> EventTarget:
    """The event target of that public id, in that subscription if one is given. Raises NotFound."""
    found = visible_event_targets(user).select_related("subscription", "site__subscription", "keeper")
    if subscription is not None:
        found = found.filter(subscription=subscription)
    target = found.filter(public_id=public_id).first()
    if target is None:
        raise NotFound
    return target


def get_event_target_for_change(user: User, public_id: str | uuid.UUID) -> EventTarget:
    """As `get_event_target`. Raises NotAllowed for a reader."""
    target = get_event_target(user, public_id)
    ensure_may_change(user, target.site or target.subscription, target.title)
    return target


def _theirs(user: User) -> Q:
    of_sites = Q(site__in=visible_sites(user))
    return of_sites if only_site(user) is not None else Q(subscription__in=visible_subscriptions(user)) | of_sites
