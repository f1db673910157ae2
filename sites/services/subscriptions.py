"""Subscriptions: made, named, and shown under the roles of their people."""

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import NotAllowed, SettingRefused
from sites.models import Membership, Operation, Role, Subscription
from sites.operations.kinds.recorded import MEMBERS
from sites.services.plain_line import plain_line

LONGEST = 64


@transaction.atomic
def ensure_default(*, owner: User) -> Subscription:
    """The installation's first subscription, with `owner` as an owner; made when there is none."""
    subscription = Subscription.objects.order_by("pk").first() or Subscription.objects.create(name="Default")
    Membership.objects.update_or_create(subscription=subscription, user=owner, defaults={"role": Role.OWNER})
    return subscription


def may_create(user: User) -> bool:
    """Whether the user may make subscriptions: owners of one, and administrators."""
    return access.owned_subscriptions(user).exists() or bool(getattr(user, "is_superuser", False))


@transaction.atomic
def create(*, acting_user: User, name: str) -> Operation:
    """A new subscription with `acting_user` as its owner. Raises NotAllowed, or SettingRefused for the name."""
    if not may_create(acting_user):
        raise NotAllowed(
            "Your account may not create subscriptions: it owns none, and nothing was created. "
            "Ask an owner or the administrator."
        )
    subscription = Subscription.objects.create(name=_checked(name))
    Membership.objects.create(subscription=subscription, user=acting_user, role=Role.OWNER)
    return note(acting_user, subscription, f"Created the subscription '{subscription.name}'.")


@transaction.atomic
def rename(*, acting_user: User, subscription: Subscription, name: str) -> Operation:
    """Another name; its web sites do not notice. Raises NotAllowed, or SettingRefused for the name."""
    subscription = access.get_subscription_for_owner(acting_user, subscription.public_id)
    former, subscription.name = subscription.name, _checked(name, present=subscription)
    subscription.save(update_fields=["name"])
    return note(acting_user, subscription, f"Renamed the subscription '{former}' to '{subscription.name}'.")


def note(acting_user: User, subscription: Subscription, outcome: str) -> Operation:
    """Record what was changed of a subscription; belongs in the transaction of the change."""
    return MEMBERS.record(
        acting_user=acting_user,
        actor_name=acting_user.get_username(),
        subscription=subscription,
        target=subscription.name,
        outcome=outcome,
    )


def _checked(name: str, present: Subscription | None = None) -> str:
    """The name as it is kept. Raises SettingRefused when it is empty, long, taken, or the present one."""
    name = plain_line(" ".join(name.split()), "The name of the subscription")
    if not 1 <= len(name) <= LONGEST:
        raise SettingRefused(f"A subscription's name has 1 to {LONGEST} characters; nothing was changed. Type one.")
    others = Subscription.objects.exclude(pk=present.pk) if present else Subscription.objects.all()
    if others.filter(name__iexact=name).exists():
        raise SettingRefused(f"The name '{name}' is in use by another subscription; nothing was changed. Try another.")
    if present and present.name == name:
        raise SettingRefused(f"The subscription is called '{name}' already; nothing was changed. Type another name.")
    return name
