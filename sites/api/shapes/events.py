"""Events and their targets."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import NAME, Asked
from sites.models import Delivery, DeliveryState, Event, EventTarget, TargetFormat
from sites.webhooks.cloud_event import cloud_event

MAX_NUMBER = 2**63 - 1


class EventFilter(Schema):
    """Which events."""

    site: str | None = Field(None, max_length=64, pattern=NAME)
    type: str | None = Field(None, max_length=64, description="such as swap.succeeded")


class ReadFrom(Schema):
    """Which part."""

    after: int | None = Field(None, ge=0, le=MAX_NUMBER, description="`next` of the part before; without it the oldest")
    limit: int = Field(50, ge=0, le=100, description="0 asks only for where the newest is")


class StreamFrom(Schema):
    """Where a stream begins."""

    after: int | None = Field(None, ge=0, le=MAX_NUMBER, description="a number; without it what is new")


class EventShown(Schema):
    """An event. `cloud_event` is what webhooks and the stream send: CloudEvents 1.0."""

    number: int
    type: str
    cloud_event: dict[str, Any]


class EventPart(Schema):
    """A part of what happened, oldest first."""

    items: list[EventShown]
    next: int = Field(description="send it as `after` to read what comes next")


class EventTargetShown(Schema):
    """An address that is told of events."""

    id: UUID
    title: str
    subscription: UUID
    site: str | None = Field(description="null: all web sites of the subscription")
    format: TargetFormat
    host: str = Field(description="of its address; the rest is shown to nobody")
    types: list[str]
    is_enabled: bool
    disabled_because: str = Field(description="when no person disabled it")
    failing_since: datetime | None = Field(description="no delivery has succeeded since")
    person: str | None = Field(description="who keeps it; when this person may not change web sites any more, it ends")
    secret: str | None = Field(
        None, description="with which requests are signed; only when the target is created; null for mail"
    )


class NewEventTarget(Asked):
    """An address to be told. A title is there once in a subscription, so that a repeated request makes one target."""

    title: str = Field(min_length=1, max_length=64)
    url: str = Field(min_length=1, max_length=2000, description="https://…; of the format mail a mail address")
    types: list[str] = Field(max_length=100, description="such as swap.succeeded, swap.failed, preview.waiting")
    format: TargetFormat = TargetFormat.CLOUDEVENTS
    subscription: UUID | None = Field(None, description="not needed with `site`, or where there is only one")
    site: str | None = Field(None, max_length=64, pattern=NAME, description="only of this web site")


class TargetChange(Asked):
    """What is to be otherwise; what is null or missing stays."""

    title: str | None = Field(None, min_length=1, max_length=64)
    url: str | None = Field(None, min_length=1, max_length=2000)
    types: list[str] | None = Field(None, max_length=100)
    format: TargetFormat | None = None
    is_enabled: bool | None = None


class SecretShown(Schema):
    """With what requests are signed, as Standard Webhooks defines it. It is shown in this answer only."""

    secret: str | None = Field(description="null in a repeated answer when it was replaced since")


class DeliveryShown(Schema):
    """One event for one target."""

    id: UUID
    event: UUID
    type: str
    subject: str
    state: DeliveryState
    attempts: int
    tried_at: datetime | None
    due_at: datetime | None = Field(description="when it is tried next; null once it has ended")
    status: int | None = Field(description="of the last answer")
    answer: str = Field(description="its first 1,024 bytes")
    fault: str = Field(description="why the last attempt came to nothing")


def describe_event(event: Event) -> EventShown:
    """For an answer; of an event that has a number."""
    return EventShown(number=event.number or 0, type=event.type, cloud_event=cloud_event(event))


def describe_target(target: EventTarget, secret: str | None = None) -> EventTargetShown:
    """For an answer."""
    return EventTargetShown(
        id=target.public_id,
        title=target.title,
        subscription=target.subscription.public_id,
        site=target.site.name if target.site else None,
        format=TargetFormat(target.format),
        host=target.host,
        types=target.types,
        is_enabled=target.is_enabled,
        disabled_because=target.disabled_because,
        failing_since=target.failing_since,
        person=target.keeper.get_username() if target.keeper else None,
        secret=None if target.format == TargetFormat.MAIL else secret,
    )


def describe_delivery(delivery: Delivery) -> DeliveryShown:
    """For an answer."""
    return DeliveryShown(
        id=delivery.public_id,
        event=delivery.event.public_id,
        type=delivery.event.type,
        subject=delivery.event.subject,
        state=DeliveryState(delivery.state),
        attempts=delivery.attempts,
        tried_at=delivery.tried_at,
        due_at=delivery.due_at if delivery.state == DeliveryState.PENDING else None,
        status=delivery.status,
        answer=delivery.answer,
        fault=delivery.fault,
    )
