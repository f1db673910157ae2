"""Forget events and deliveries: after some time, and beyond a number for each subscription and target."""

from datetime import timedelta

from django.db.models import Max

from sites.models import Delivery, Event, EventTarget, Subscription
from sites.models.clock import now

KEPT = timedelta(days=30)
KEPT_OF_SUBSCRIPTION = 10_000
KEPT_OF_TARGET = 1000
AT_ONCE = 1000
"""Rows in one statement."""


def run() -> None:
    """One round. An event goes with its deliveries; one that is still on its way is not old enough for that."""
    _remove_before(now() - KEPT)
    for subscription_id in Subscription.objects.values_list("pk", flat=True):
        _remove_beyond(subscription_id)
    for target_id in EventTarget.objects.values_list("pk", flat=True):
        _remove_deliveries(target_id)


def _remove_before(moment: object) -> None:
    newest = Event.objects.aggregate(newest=Max("number"))["newest"]
    old = Event.objects.filter(at__lt=moment).exclude(number=newest).order_by("pk")
    while Event.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE])).delete()[0]:
        pass


def _remove_beyond(subscription_id: int) -> None:
    numbers = Event.objects.filter(subscription=subscription_id).order_by("-number").values_list("number", flat=True)
    first_too_old = numbers.exclude(number=None)[KEPT_OF_SUBSCRIPTION : KEPT_OF_SUBSCRIPTION + 1]
    for number in first_too_old:
        Event.objects.filter(subscription=subscription_id, number__lte=number).delete()


def _remove_deliveries(target_id: int) -> None:
    rows = Delivery.objects.filter(target=target_id).exclude(state__in=Delivery.OPEN).order_by("-pk")
    for pk in rows.values_list("pk", flat=True)[KEPT_OF_TARGET : KEPT_OF_TARGET + 1]:
        Delivery.objects.filter(target=target_id, pk__lte=pk).exclude(state__in=Delivery.OPEN).delete()
