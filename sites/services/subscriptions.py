"""Subscriptions and their members."""

from django.contrib.auth.models import User
from django.db import transaction

from sites.models import Membership, Role, Subscription


@transaction.atomic
def ensure_default(*, owner: User) -> Subscription:
    """The installation's first subscription, with `owner` as an owner; made when there is none."""
    subscription = Subscription.objects.order_by("pk").first() or Subscription.objects.create(name="Default")
    Membership.objects.update_or_create(subscription=subscription, user=owner, defaults={"role": Role.OWNER})
    return subscription
