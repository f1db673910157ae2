"""What happens, told to programs: a list to go on reading, a stream, and the targets that are told by webhooks."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from sites import access
from sites.api import event_stream
from sites.api.asking import made, made_with_secret, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.common import Page, Pages, answers, page_of
from sites.api.shapes.events import (
    DeliveryShown,
    EventFilter,
    EventPart,
    EventTargetShown,
    NewEventTarget,
    ReadFrom,
    SecretShown,
    StreamFrom,
    TargetChange,
    describe_delivery,
    describe_target,
)
from sites.errors import TargetRefused
from sites.models import EventTarget, Subscription
from sites.services import event_targets
from sites.services.idempotency import Made

router = Router(tags=["events"])
STREAM = {"responses": {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}}
OF_TARGET = "/event-targets/{target_id}"
OF_DELIVERY = OF_TARGET + "/deliveries/{delivery_id}"


@router.get("/events", response=answers(200, EventPart), auth=READ)
def list_events(request: HttpRequest, asked: Query[EventFilter], place: Query[ReadFrom]) -> EventPart:
    """What happened after a place, oldest first. Send `next` as `after` to go on from there."""
    found = event_stream.chosen(access.visible_events(user_of(request)), asked)
    return event_stream.part_of(found, place)


@router.get("/events/stream", response=answers(200, None), auth=READ, openapi_extra=STREAM)
def stream_events(request: HttpRequest, asked: Query[EventFilter], place: Query[StreamFrom]) -> HttpResponse:
    """Server-sent events, as they happen. `Last-Event-ID`, or `after`, begins behind a place; else with what is new."""
    return event_stream.answer(request, asked, place.after)


@router.get("/event-targets", response=answers(200, Page[EventTargetShown]), auth=READ)
def list_event_targets(request: HttpRequest, paging: Pages) -> Page[EventTargetShown]:
    """Where events are sent. Of each address the host is shown, because some addresses are secrets."""
    found = access.visible_event_targets(user_of(request)).select_related("subscription", "site", "keeper")
    rows, figures = page_of(found, paging)
    return Page[EventTargetShown](items=[describe_target(one) for one in rows], **figures)


@router.post("/event-targets", response=answers(201, EventTargetShown), auth=ADMINISTER)
def create_event_target(request: HttpRequest, response: HttpResponse, body: NewEventTarget) -> Status[EventTargetShown]:
    """Have events sent to an address. `secret` is in this answer and in no other; repeated, until it is replaced."""
    user = user_of(request)

    def create() -> Made:
        site = access.get_site(user, body.site) if body.site is not None else None
        target = event_targets.create(
            acting_user=user,
            subscription=site.subscription if site is not None else _subscription(request, body.subscription),
            site=site,
            title=body.title,
            url=body.url,
            types=body.types,
            target_format=body.format,
        )
        return Made.with_secret(str(target.public_id), str(target.secret))

    found = made_with_secret(request, response, create)
    target = access.get_event_target_for_change(user, UUID(found.id))
    return Status(201, describe_target(target, secret=found.shown(str(target.secret))))


@router.get(OF_TARGET, response=answers(200, EventTargetShown), auth=READ)
def get_event_target(request: HttpRequest, target_id: UUID) -> EventTargetShown:
    """One target."""
    return describe_target(_read(request, target_id))


@router.patch(OF_TARGET, response=answers(200, EventTargetShown), auth=ADMINISTER)
def change_event_target(request: HttpRequest, target_id: UUID, body: TargetChange) -> EventTargetShown:
    """Change what is named; enable or disable it."""
    target = _read(request, target_id)
    event_targets.change(
        acting_user=user_of(request),
        target=target,
        title=body.title,
        url=body.url,
        types=body.types,
        target_format=body.format,
        is_enabled=body.is_enabled,
    )
    return describe_target(_read(request, target_id))


@router.delete(OF_TARGET, response=answers(204, None), auth=ADMINISTER)
def remove_event_target(request: HttpRequest, target_id: UUID) -> Status[None]:
    """Forget it, with its delivery log."""
    event_targets.remove(acting_user=user_of(request), target=_read(request, target_id))
    return Status(204, None)


@router.post(OF_TARGET + "/secret/replace", response=answers(200, SecretShown), auth=ADMINISTER)
def replace_event_target_secret(request: HttpRequest, response: HttpResponse, target_id: UUID) -> SecretShown:
    """A new secret, which signs what is sent from now on, in this answer and in no other; repeated, until replaced."""
    user = user_of(request)

    def replace() -> Made:
        event_targets.replace_secret(acting_user=user, target=_read(request, target_id))
        return Made.with_secret(str(target_id), str(_read(request, target_id).secret))

    found = made_with_secret(request, response, replace)
    return SecretShown(secret=found.shown(str(access.get_event_target_for_change(user, target_id).secret)))


@router.post(OF_TARGET + "/test", response=answers(202, DeliveryShown), auth=ADMINISTER)
def test_event_target(request: HttpRequest, response: HttpResponse, target_id: UUID) -> Status[DeliveryShown]:
    """Send a test; get the delivery to see what the target has answered."""

    def send() -> str:
        delivery = event_targets.send_test(acting_user=user_of(request), target=_read(request, target_id))
        return str(delivery.public_id)

    return Status(202, _delivery(request, target_id, UUID(made(request, response, send))))


@router.get(OF_TARGET + "/deliveries", response=answers(200, Page[DeliveryShown]), auth=READ)
def list_deliveries(request: HttpRequest, target_id: UUID, paging: Pages) -> Page[DeliveryShown]:
    """The delivery log, newest first."""
    rows, figures = page_of(_read(request, target_id).deliveries.select_related("event__subscription"), paging)
    return Page[DeliveryShown](items=[describe_delivery(one) for one in rows], **figures)


@router.get(OF_DELIVERY, response=answers(200, DeliveryShown), auth=READ)
def get_delivery(request: HttpRequest, target_id: UUID, delivery_id: UUID) -> DeliveryShown:
    """One delivery."""
    return _delivery(request, target_id, delivery_id)


@router.post(OF_DELIVERY + "/redeliver", response=answers(202, DeliveryShown), auth=ADMINISTER)
def redeliver(
    request: HttpRequest, response: HttpResponse, target_id: UUID, delivery_id: UUID
) -> Status[DeliveryShown]:
    """Send once more what has ended."""

    def again() -> str:
        delivery = event_targets.delivery_of(_read(request, target_id), delivery_id)
        return str(event_targets.redeliver(acting_user=user_of(request), delivery=delivery).public_id)

    return Status(202, _delivery(request, target_id, UUID(made(request, response, again))))


def _delivery(request: HttpRequest, target_id: UUID, delivery_id: UUID) -> DeliveryShown:
    return describe_delivery(event_targets.delivery_of(_read(request, target_id), delivery_id))


def _read(request: HttpRequest, target_id: UUID) -> EventTarget:
    return access.get_event_target(user_of(request), target_id)


def _subscription(request: HttpRequest, public_id: UUID | None) -> Subscription:
    """The one that is named, or the only one that the person may change."""
    user = user_of(request)
    if public_id is not None:
        return access.get_subscription(user, public_id)
    found = list(access.writable_subscriptions(user)[:2])
    if len(found) != 1:
        raise TargetRefused(
            reason="It is not clear of which subscription or web site events are to be sent",
            remedy="Name one: GET /api/v1/subscriptions and /api/v1/sites list them.",
        )
    return found[0]
