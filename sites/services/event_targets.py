"""Event targets: made, changed, tried, removed; and what was given up, sent once more."""

import uuid
from collections.abc import Callable, Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from sites import access
from sites.errors import NotFound, Refused, SettingRefused, StillWaiting, TargetDisabled, TargetLimit, TargetRefused
from sites.events import recording
from sites.events.types import CHOSEN, TEST
from sites.models import (
    Delivery,
    DeliveryState,
    EventTarget,
    Membership,
    Operation,
    Site,
    Subscription,
    TargetFormat,
)
from sites.operations.kinds.recorded import EVENT_TARGETS
from sites.services.plain_line import plain_line
from sites.webhooks import mail
from sites.webhooks.address import parse
from sites.webhooks.signing import new_secret

LONGEST_TITLE = 64
MAX_TARGETS = 20
"""Of one subscription."""
MAX_OF_MEMBERS = 5
"""Of one site, that are kept by members of the site alone: they leave the subscription the rest."""
MAX_TESTS = 10
"""Of one target, that wait at the same time."""


def of(subscription: Subscription) -> list[EventTarget]:
    """Its targets, by title."""
    return list(EventTarget.objects.filter(subscription=subscription).select_related("site", "keeper"))


def faults(
    subscription: Subscription,
    *,
    title: str,
    url: str,
    types: Iterable[str],
    target_format: str,
    site: Site | None = None,
    present: EventTarget | None = None,
) -> dict[str, str]:
    """Everything that cannot be taken of what was typed, by field; without a `url` the address of `present` stays."""
    site = present.site if present else site
    checks: dict[str, Callable[[], object]] = {
        "title": lambda: _free_title(subscription, title, present),
        "format": lambda: _format(target_format),
        "url": lambda: _checked_address(url, target_format, subscription, site, present),
        "types": lambda: _types(types),
    }
    found = {}
    for field, check in checks.items():
        try:
            check()
        except SettingRefused as refusal:
            found[field] = str(refusal)
    return found


def create(
    *,
    acting_user: User,
    subscription: Subscription,
    title: str,
    url: str,
    types: Iterable[str],
    target_format: str = TargetFormat.CLOUDEVENTS,
    site: Site | None = None,
) -> EventTarget:
    """A new target, with a secret of its own; without a `site` it is told of all of the subscription's.

    Raises TargetRefused, TargetLimit and NotAllowed.
    """
    if site is not None:
        site = access.site_for_change(acting_user, site)
    else:
        access.ensure_may_change(acting_user, subscription, subscription.name)
    wanted = {
        "title": _title(title),
        "format": _format(target_format),
        "types": _types(types),
        **_address(acting_user, url, target_format, subscription, site),
    }
    if site is not None and site.subscription_id != subscription.pk:
        raise NotFound
    with transaction.atomic():
        Subscription.objects.select_for_update().get(pk=subscription.pk)  # so that two at once keep the limit
        if EventTarget.objects.filter(subscription=subscription).count() >= MAX_TARGETS:
            raise TargetLimit(name=subscription.name, most=MAX_TARGETS, of_whom="")
        if site is not None and not access.may_change(acting_user, subscription):
            _ensure_members_have_room(site)
        _free_title(subscription, title)
        target = EventTarget.objects.create(subscription=subscription, site=site, secret=new_secret(), **wanted)
        _record(acting_user, target, f"Events of {_about(target)} are sent to '{target.title}' at {target.host} now.")
    return target


def change(
    *,
    acting_user: User,
    target: EventTarget,
    title: str | None = None,
    url: str | None = None,
    types: Iterable[str] | None = None,
    target_format: str | None = None,
    is_enabled: bool | None = None,
) -> Operation:
    """Change what is given; the rest stays. Whoever enables a target, or gives its address, keeps it from then on.

    Raises TargetRefused and NotAllowed.
    """
    target = access.get_event_target_for_change(acting_user, target.public_id)
    wanted: dict[str, object] = {}
    if title is not None:
        wanted["title"] = _title(title)
    if target_format is not None:
        wanted["format"] = _format(target_format)
    if types is not None:
        wanted["types"] = _types(types)
    becomes = target.format if target_format is None else target_format
    if _checked_address(url or "", becomes, target.subscription, target.site, target):
        wanted |= _address(acting_user, url or "", becomes, target.subscription, target.site)
    if is_enabled is not None and is_enabled != target.is_enabled:
        wanted |= {"is_enabled": is_enabled, "disabled_because": "", "failing_since": None}
        wanted |= {"keeper": acting_user} if is_enabled else {}
    with transaction.atomic():
        held = EventTarget.objects.select_for_update().filter(pk=target.pk).first()
        if held is None:
            raise NotFound
        if title is not None:
            _free_title(held.subscription, title, held)
        for name, value in wanted.items():
            setattr(held, name, value)
        if wanted:
            held.save(update_fields=list(wanted))
        if not held.is_enabled:
            _give_up_waiting(held)
        said = "is enabled" if held.is_enabled else "is disabled"
        return _record(acting_user, held, f"The event target '{held.title}' at {held.host} was changed; it {said}.")


def remove(*, acting_user: User, target: EventTarget) -> Operation:
    """Forget it with its address, its secret and its delivery log. Raises NotAllowed."""
    target = access.get_event_target_for_change(acting_user, target.public_id)
    with transaction.atomic():
        record = _record(acting_user, target, f"Events of {_about(target)} are not sent to '{target.title}' any more.")
        target.delete()
    return record


def ensure_has_secret(target: EventTarget) -> None:
    """Raises TargetRefused for mail."""
    if target.format == TargetFormat.MAIL:
        raise TargetRefused(
            reason=f"'{target.title}' is told by mail, which is not signed with a secret",
            remedy="Look at the address of the target if its mails do not arrive.",
        )


def replace_secret(*, acting_user: User, target: EventTarget) -> Operation:
    """A new one; everything that is sent from now on is signed with it. Raises NotAllowed, TargetRefused for mail."""
    target = access.get_event_target_for_change(acting_user, target.public_id)
    ensure_has_secret(target)
    with transaction.atomic():
        target.secret = new_secret()
        target.save(update_fields=["secret"])
        return _record(
            acting_user, target, f"The secret of the event target '{target.title}' was replaced; the old one is gone."
        )


def send_test(*, acting_user: User, target: EventTarget) -> Delivery:
    """Send it an event of the type 'test', which nobody else is told of. Raises TargetDisabled and NotAllowed."""
    target = access.get_event_target_for_change(acting_user, target.public_id)
    _ensure_enabled(target)
    if target.deliveries.filter(state=DeliveryState.PENDING, event__only_for=target).count() >= MAX_TESTS:
        raise Refused(
            f"{MAX_TESTS} tests wait for '{target.title}' already, so no other was sent. Wait until they have ended."
        )
    name = acting_user.get_username()
    with transaction.atomic():
        (event,) = recording.record(
            [TEST],
            subscription=target.subscription,
            site=target.site,
            subject=target.title,
            sentence=f"{name} has sent this test. Nothing has happened, and you need to do nothing.",
            data={"actor": name},
            only_for=target,
        )
        return Delivery.objects.create(event=event, target=target)


def redeliver(*, acting_user: User, delivery: Delivery) -> Delivery:
    """Send once more what has ended, with all its attempts. Raises StillWaiting, TargetDisabled and NotAllowed."""
    target = access.get_event_target_for_change(acting_user, delivery.target.public_id)
    _ensure_enabled(target)
    if not delivery.transition(Delivery.FINAL, DeliveryState.PENDING, attempts=0, due_at=Now()):
        delivery.refresh_from_db()
        raise StillWaiting(title=target.title, due=f"{delivery.due_at:%H:%M:%S} UTC")
    return delivery


def delivery_of(target: EventTarget, public_id: uuid.UUID) -> Delivery:
    """One of the target's deliveries. Raises NotFound."""
    found = target.deliveries.select_related("event__subscription", "target").filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def _ensure_members_have_room(site: Site) -> None:
    of_subscription = Membership.objects.filter(subscription=site.subscription_id, role__in=access.WRITING_ROLES)
    theirs = EventTarget.objects.filter(site=site).exclude(keeper__in=of_subscription.values("user"))
    if theirs.count() >= MAX_OF_MEMBERS:
        raise TargetLimit(name=site.name, most=MAX_OF_MEMBERS, of_whom=" of members of this web site alone")


def _give_up_waiting(target: EventTarget) -> None:
    waiting = Delivery.objects.filter(target=target, state=DeliveryState.PENDING)
    waiting.update(state=DeliveryState.FAILED, fault="the event target was disabled.")


def _ensure_enabled(target: EventTarget) -> None:
    if not target.is_enabled:
        raise TargetDisabled(title=target.title)


def _title(text: str) -> str:
    title = plain_line(text, "The name of the event target")
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise TargetRefused(
            reason=f"The name of an event target has 1 to {LONGEST_TITLE} characters", remedy="Type one that has."
        )
    return title


def _free_title(subscription: Subscription, text: str, present: EventTarget | None = None) -> str:
    """A title is there once, so that a request that is sent twice makes one target."""
    title = _title(text)
    others = EventTarget.objects.filter(subscription=subscription, title=title)
    if (others.exclude(pk=present.pk) if present else others).exists():
        raise TargetRefused(
            reason=f"'{subscription.name}' has an event target with the name '{title}' already", remedy="Type another."
        )
    return title


def _format(text: str) -> str:
    if text not in TargetFormat.values:
        raise TargetRefused(
            reason=f"'{text}' is no format of event targets", remedy=f"Choose one of {', '.join(TargetFormat.values)}."
        )
    return text


def _types(names: Iterable[str]) -> list[str]:
    chosen = set(names)
    unknown = sorted(chosen - set(CHOSEN))
    if unknown:
        raise TargetRefused(reason=f"'{unknown[0]}' is no type of event", remedy="Choose one of those shown.")
    if not chosen:
        raise TargetRefused(reason="No type of event was chosen", remedy="Choose at least one.")
    return [name for name in CHOSEN if name in chosen]


def _checked_address(
    text: str, target_format: str, subscription: Subscription, site: Site | None, present: EventTarget | None
) -> tuple[str, str] | None:
    """What is stored and what is shown of an address; None: that of `present` stays. Raises TargetRefused."""
    is_mail = target_format == TargetFormat.MAIL
    if not text.strip() and present is not None:
        if is_mail != (present.format == TargetFormat.MAIL):
            raise TargetRefused(reason="A target of another kind needs another address", remedy="Type it too.")
        return None
    if is_mail:
        address = mail.parse(text)
        mail.ensure_may_receive(address, subscription, site)
        return f"{mail.SCHEME}{address}", address
    to = parse(text)
    return to.url, to.authority


def _address(
    acting_user: User, text: str, target_format: str, subscription: Subscription, site: Site | None
) -> dict[str, object]:
    found = _checked_address(text, target_format, subscription, site, None)
    return {"url": found[0], "host": found[1], "keeper": acting_user} if found else {}


def _about(target: EventTarget) -> str:
    return f"'{target.site.name}'" if target.site else f"the subscription '{target.subscription.name}'"


def _record(acting_user: User, target: EventTarget, outcome: str) -> Operation:
    return EVENT_TARGETS.record(
        acting_user=acting_user,
        actor_name=acting_user.get_username(),
        site=target.site,
        subscription=target.subscription,
        target=target.title,
        outcome=outcome,
    )
