"""Settings, events: where events of a subscription are sent, and what came of each."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal import kept_form
from portal.answers import answer_operation
from portal.http import PortalRequest
from sites import access
from sites.errors import TargetLimit
from sites.events.types import CHOSEN, TYPES
from sites.models import Delivery, DeliveryState, EventTarget, Site, Subscription, TargetFormat
from sites.models.clock import now
from sites.models.fields import decrypt, encrypt
from sites.services import event_targets

SHOWN = 50
"""Deliveries on the page of a target; the API has all."""
SOON_SECONDS, LATER_SECONDS = 2, 15
"""Between two looks at the delivery log: while an attempt is near, and while the next one is further away."""
NEW_SECRET = "new_target_secret"  # noqa: S105 - where it lies in the session


@dataclass(frozen=True)
class Typed:
    """What stands in the form."""

    title: str = ""
    format: str = TargetFormat.CLOUDEVENTS
    site: str = ""
    types: list[str] = field(default_factory=list)
    url: str = ""
    is_enabled: bool = True

    @classmethod
    def of(cls, data: QueryDict) -> "Typed":
        """As it was sent."""
        return cls(
            title=data.get("title", ""),
            format=data.get("format", TargetFormat.CLOUDEVENTS),
            site=data.get("site", ""),
            types=data.getlist("types"),
            url=data.get("url", ""),
            is_enabled="is_enabled" in data,
        )

    @classmethod
    def saved(cls, target: EventTarget) -> "Typed":
        """As it is saved; the address is shown to nobody."""
        return cls(target.title, target.format, "", target.types, "", target.is_enabled)


@never_cache
@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
def targets(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """The targets of a subscription; a POST makes one."""
    subscription = access.get_subscription(request.user, public_id)
    if request.method != "POST":
        returned = kept_form.returned(request)
        typed = Typed.of(returned) if returned else Typed(types=list(CHOSEN))
        return _list(request, subscription, typed, {}, is_returned=bool(returned))
    access.ensure_may_change(request.user, subscription, subscription.name)
    typed = Typed.of(request.POST)
    site = access.get_site(request.user, typed.site) if typed.site else None
    faults = event_targets.faults(
        subscription, title=typed.title, url=typed.url, types=typed.types, target_format=typed.format, site=site
    )
    if faults:
        return _list(request, subscription, typed, faults)
    try:
        made = event_targets.create(
            acting_user=request.user,
            subscription=subscription,
            site=site,
            title=typed.title,
            url=typed.url,
            types=typed.types,
            target_format=typed.format,
        )
    except TargetLimit as refusal:
        return _list(request, subscription, typed, {"title": str(refusal)})
    if made.format != TargetFormat.MAIL:  # a mail is not signed
        _keep_secret(request, made)
    return HttpResponseRedirect(_address(made), status=303)


@never_cache
@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
def target(request: PortalRequest, public_id: uuid.UUID, target_id: uuid.UUID) -> HttpResponse:
    """One target with its delivery log; a POST changes it. A new secret is shown on the first look and never again."""
    found = _found(request, public_id, target_id)
    if request.method != "POST":
        returned = kept_form.returned(request)
        typed = Typed.of(returned) if returned else Typed.saved(found)
        return _page(request, found, typed, {}, is_returned=bool(returned))
    found = access.get_event_target_for_change(request.user, found.public_id)
    typed = Typed.of(request.POST)
    faults = event_targets.faults(
        found.subscription,
        title=typed.title,
        url=typed.url,
        types=typed.types,
        target_format=typed.format,
        present=found,
    )
    if faults:
        return _page(request, found, typed, faults)
    operation = event_targets.change(
        acting_user=request.user,
        target=found,
        title=typed.title,
        url=typed.url.strip() or None,
        types=typed.types,
        target_format=typed.format,
        is_enabled=typed.is_enabled,
    )
    return answer_operation(request, operation, _address(found), stay=False)


@require_POST
def send_test(request: PortalRequest, public_id: uuid.UUID, target_id: uuid.UUID) -> HttpResponse:
    """Send it a test; its answer appears in the delivery log."""
    found = _found(request, public_id, target_id)
    event_targets.send_test(acting_user=request.user, target=found)
    return HttpResponseRedirect(f"{_address(found)}#deliveries", status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def replace_secret(request: PortalRequest, public_id: uuid.UUID, target_id: uuid.UUID) -> HttpResponse:
    """Ask, then make a new one, which is shown once."""
    found = access.get_event_target_for_change(request.user, _found(request, public_id, target_id).public_id)
    if request.method != "POST":
        event_targets.ensure_has_secret(found)
        return _ask(request, found, "settings/target_secret_question.html")
    operation = event_targets.replace_secret(acting_user=request.user, target=found)
    found.refresh_from_db()
    _keep_secret(request, found)
    return answer_operation(request, operation, _address(found), stay=False)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PortalRequest, public_id: uuid.UUID, target_id: uuid.UUID) -> HttpResponse:
    """Ask, then forget it."""
    found = access.get_event_target_for_change(request.user, _found(request, public_id, target_id).public_id)
    if request.method != "POST":
        return _ask(request, found, "settings/target_remove_question.html")
    operation = event_targets.remove(acting_user=request.user, target=found)
    return answer_operation(request, operation, reverse("event-targets", args=[public_id]), stay=False)


@require_POST
def redeliver(
    request: PortalRequest, public_id: uuid.UUID, target_id: uuid.UUID, delivery_id: uuid.UUID
) -> HttpResponse:
    """Send once more what has ended."""
    found = _found(request, public_id, target_id)
    delivery = event_targets.delivery_of(found, delivery_id)
    event_targets.redeliver(acting_user=request.user, delivery=delivery)
    return HttpResponseRedirect(f"{_address(found)}#deliveries", status=303)


def _found(request: PortalRequest, public_id: uuid.UUID, target_id: uuid.UUID) -> EventTarget:
    subscription = access.get_subscription(request.user, public_id)
    return access.get_event_target(request.user, target_id, subscription)


def _address(found: EventTarget) -> str:
    return reverse("event-target", args=[found.subscription.public_id, found.public_id])


def _keep_secret(request: HttpRequest, found: EventTarget) -> None:
    request.session[NEW_SECRET] = [found.pk, encrypt(str(found.secret))]


def _take_secret(request: HttpRequest, found: EventTarget) -> str:
    number, token = request.session.get(NEW_SECRET, (0, ""))
    if number != found.pk:
        return ""
    del request.session[NEW_SECRET]
    return decrypt(token)


def _ask(request: PortalRequest, found: EventTarget, template: str) -> HttpResponse:
    base = "frame/partial.html" if request.htmx else "base.html"
    context = {"section": "settings", "target": found, "next": _address(found), "base_template": base}
    return render(request, template, context)


def _list(
    request: PortalRequest,
    subscription: Subscription,
    typed: Typed,
    faults: Mapping[str, str],
    *,
    is_returned: bool = False,
) -> HttpResponse:
    sites = Site.objects.filter(subscription=subscription).values_list("name", flat=True)
    context = {
        **_form(request, subscription, typed, faults, is_returned=is_returned),
        "targets": event_targets.of(subscription),
        "sites": sites,
    }
    return render(request, "settings/event_targets.html", context, status=400 if faults else 200)


def _page(
    request: PortalRequest, found: EventTarget, typed: Typed, faults: Mapping[str, str], *, is_returned: bool = False
) -> HttpResponse:
    deliveries = list(found.deliveries.select_related("event")[:SHOWN])
    context = {
        **_form(request, found.subscription, typed, faults, is_returned=is_returned),
        "target": found,
        "deliveries": [(one, TYPES[one.event.type].title) for one in deliveries if one.event.type in TYPES],
        "ask_again": _ask_again(deliveries),
        "new_secret": _take_secret(request, found),
    }
    return render(request, "settings/event_target.html", context, status=400 if faults else 200)


def _ask_again(deliveries: Iterable[Delivery]) -> int:
    """After how many seconds the log shows something new; 0: nothing is to come."""
    due = [one.due_at for one in deliveries if one.state == DeliveryState.PENDING]
    if not due:
        return 0
    return SOON_SECONDS if min(due) - now() < timedelta(seconds=LATER_SECONDS) else LATER_SECONDS


def _form(
    request: PortalRequest, subscription: Subscription, typed: Typed, faults: Mapping[str, str], *, is_returned: bool
) -> dict[str, object]:
    return {
        "section": "settings",
        "settings_tab": "events",
        "subscription": subscription,
        "may_change": access.may_change(request.user, subscription),
        "typed": typed,
        "faults": faults,
        "is_returned": is_returned,
        "formats": TargetFormat.choices,
        "types": [(name, TYPES[name], name in typed.types) for name in CHOSEN],
    }
