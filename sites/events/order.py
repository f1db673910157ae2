"""The order of events: a number for each, given once its transaction has committed.

Numbers grow in the order in which a reader can see the events, so a reader who asks for what came after a number misses
nothing. A database's own sequence would not do: of two transactions, the one that began first may commit last.
"""

import time

from django.db import transaction
from django.db.models import Max

from sites.models import Delivery, Event, EventTarget

AT_ONCE = 200
"""Events in one transaction."""
MAX_WAITING = 1000
"""Deliveries that wait for one target; what comes on top is not sent to it."""


def is_needed() -> bool:
    """Whether an event has no number yet."""
    return Event.objects.filter(number=None).exists()


@transaction.atomic
def hand_on() -> int:
    """Number what is new, and write a delivery for each target that wants it; returns how many events there were."""
    fresh = list(Event.objects.select_for_update().filter(number=None).order_by("pk")[:AT_ONCE])
    if not fresh:
        return 0
    # The milliseconds of the clock, so that numbers also grow past events that are gone, or came back with a backup
    newest = Event.objects.aggregate(newest=Max("number"))["newest"] or 0
    first = max(newest, int(time.time() * 1000)) + 1
    for number, event in enumerate(fresh, start=first):
        event.number = number
    targets = EventTarget.objects.in_force().filter(subscription__in={one.subscription_id for one in fresh})
    wanted = [(event, target) for target in targets for event in fresh if target.wants(event)]
    Event.objects.bulk_update(fresh, ["number"])
    Delivery.objects.bulk_create(
        (Delivery(event=event, target=target) for event, target in _within_bounds(wanted)), ignore_conflicts=True
    )
    return len(fresh)


def _within_bounds(wanted: list[tuple[Event, EventTarget]]) -> list[tuple[Event, EventTarget]]:
    if not wanted:
        return []
    waiting = Delivery.objects.waiting_by_target({target.pk for _, target in wanted})
    kept = []
    for event, target in wanted:
        if waiting.get(target.pk, 0) < MAX_WAITING:
            waiting[target.pk] = waiting.get(target.pk, 0) + 1
            kept.append((event, target))
    return kept
