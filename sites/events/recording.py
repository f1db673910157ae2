"""Write down that something has happened, in the transaction of the change that it tells of."""

from collections.abc import Mapping, Sequence

from sites.events.types import EventType
from sites.models import Event, EventTarget, Site, Subscription
from sites.plain_text import visible

LONGEST = 1000
"""Characters of a sentence. Lines of a log, which may hold secrets, are never in it."""


def record(
    types: Sequence[EventType],
    *,
    subscription: Subscription | int,
    site: Site | None,
    subject: str,
    sentence: str,
    data: Mapping[str, object],
    only_for: EventTarget | None = None,
) -> list[Event]:
    """One event of each type, in one query. `subject` names what they are about: 'contoso (staging)'.

    Of the sentence the first line is kept. With `only_for` nobody but that target is told.
    """
    said = visible(sentence.partition("\n")[0])[:LONGEST]
    subscription_id = subscription if isinstance(subscription, int) else subscription.pk
    return Event.objects.bulk_create(
        Event(
            type=one.name,
            subscription_id=subscription_id,
            site=site,
            subject=subject,
            sentence=said,
            data={"site": site.name if site else None, **data},
            only_for=only_for,
        )
        for one in types
    )
