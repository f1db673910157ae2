"""Which of the person's subscriptions are shown; kept in the session, over the gate of sites.access."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from portal.http import PortalRequest
from sites.access import named_subscriptions, visible_operations, visible_sites
from sites.errors import SettingRefused
from sites.models import Operation, Site, Subscription

HIDDEN = "hidden_subscriptions"


@dataclass(frozen=True)
class Choice:
    """One line of the filter in the header."""

    subscription: Subscription
    is_shown: bool


def shown_sites(request: PortalRequest) -> QuerySet[Site]:
    """The sites that the person may see, in the subscriptions that are shown."""
    found, hidden = visible_sites(request.user), _hidden(request)
    return found.exclude(subscription_id__in=hidden) if hidden else found


def shown_operations(request: PortalRequest) -> QuerySet[Operation]:
    """The operations that the person may see, without those of a subscription that is hidden."""
    found, hidden = visible_operations(request.user), _hidden(request)
    return found.exclude(subscription_id__in=hidden) if hidden else found


def choices(request: PortalRequest) -> list[Choice]:
    """Every subscription of the person or of one of their web sites, and whether it is shown."""
    hidden = _hidden(request)
    return [Choice(subscription, subscription.pk not in hidden) for subscription in named_subscriptions(request.user)]


def show(request: PortalRequest, wanted: Iterable[str]) -> None:
    """Show the subscriptions of these public ids and hide the others. Raises SettingRefused where none is left.

    What is kept is what is hidden, so that a subscription which the person joins later is shown.
    """
    wanted = set(wanted)
    hidden = [one.pk for one in named_subscriptions(request.user) if str(one.public_id) not in wanted]
    if len(hidden) == named_subscriptions(request.user).count():
        raise SettingRefused(
            "No subscription would be left in sight, so those that were shown still are. Choose one at least."
        )
    request.session[HIDDEN] = hidden


def _hidden(request: PortalRequest) -> list[int]:
    session = getattr(request, "session", None)
    return session.get(HIDDEN, []) if session is not None else []
