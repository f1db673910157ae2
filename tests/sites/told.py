"""Event targets of tests, and what is sent to them."""

from collections.abc import Sequence

from django.contrib.auth.models import User

from sites.events.types import CHOSEN
from sites.jobs import deliveries
from sites.models import Delivery, Event, EventTarget, Site
from sites.models.clock import now
from sites.services import event_targets
from tests.domain import Domain
from tests.fakes.receiver import Receiver


def target_of(
    domain: Domain,
    told: Receiver,
    *,
    title: str = "CI",
    types: Sequence[str] = CHOSEN,
    site: Site | None = None,
    user: User | None = None,
    path: str = "/hook",
) -> EventTarget:
    """A target of the subscription."""
    return event_targets.create(
        acting_user=user or domain.alice,
        subscription=domain.subscription,
        site=site,
        title=title,
        url=told.url(path),
        types=types,
    )


def send_due() -> None:
    """As the tick and a worker do."""
    deliveries.hand_on()
    deliveries.run()


def make_due() -> None:
    """Time passes."""
    Delivery.objects.filter(state="pending").update(due_at=now())


def names() -> list[str]:
    """The types of what has happened, in order."""
    return list(Event.objects.order_by("pk").values_list("type", flat=True))
