"""An event as a mail, and its address: one that a person has confirmed who may see the event."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db.models import Q

from sites.errors import TargetRefused
from sites.models import Event, Membership, Site, SiteMember, Subscription
from sites.webhooks.formats import heading_of

SCHEME = "mailto:"
EXAMPLE = "Type for example ada@example.org."
CONFIRMED = "Somebody who belongs to the subscription or the web site confirms it under Settings, Your account."


def parse(text: str) -> str:
    """The address, with or without SCHEME before it. Raises TargetRefused."""
    address = text.strip().removeprefix(SCHEME)
    try:
        validate_email(address)
    except ValidationError:
        raise TargetRefused(reason="That is no mail address", remedy=EXAMPLE) from None
    if not address.isascii():
        raise TargetRefused(reason="The mail address holds a letter that is not ASCII", remedy=EXAMPLE)
    return address


def ensure_may_receive(address: str, subscription: Subscription, site: Site | None) -> None:
    """Raises TargetRefused for an address that nobody who may see the events has confirmed, or without EMAIL_HOST."""
    if not settings.EMAIL_HOST:
        raise TargetRefused(
            reason="This installation sends no mail",
            remedy="Ask the administrator to name a mail server in EMAIL_HOST.",
        )
    members = Membership.objects.filter(subscription=subscription).values("user")
    others = SiteMember.objects.filter(site=site).values("user") if site else SiteMember.objects.none().values("user")
    confirmed = EmailAddress.objects.filter(email__iexact=address, verified=True, user__is_active=True)
    if not confirmed.filter(Q(user__in=members) | Q(user__in=others)).exists():
        raise TargetRefused(
            reason=f"'{address}' is the confirmed mail address of nobody who may see these events", remedy=CONFIRMED
        )


def message_of(event: Event, address: str, *, title: str) -> EmailMessage:
    """What is sent. `title` names the event target, so that its reader knows where to end it."""
    body = (
        f"{event.sentence}\n\n{event.at:%Y-%m-%d %H:%M:%S} UTC, {settings.PORTAL_URL}/\n\n"
        f"This mail is sent because of the event target '{title}' of the subscription '{event.subscription.name}'. "
        "Its owners and contributors can change or remove it under Settings, Events.\n"
    )
    headers = {"Auto-Submitted": "auto-generated", "X-Greenroom-Event": str(event.public_id)}
    return EmailMessage(subject=" ".join(heading_of(event).split()), body=body, to=[address], headers=headers)
