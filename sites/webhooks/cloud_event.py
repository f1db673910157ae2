"""An event in the JSON of CloudEvents 1.0 (cloudevents.io), as it stands in streams and in requests."""

from typing import Any

from django.conf import settings

from sites.events.types import TYPES, Severity
from sites.models import Event

CONTENT_TYPE = "application/cloudevents+json"
PREFIX = "greenroom."


def cloud_event(event: Event) -> dict[str, Any]:
    """The structured form. `source` is the portal with the subscription, `subject` the slot or what it is about."""
    known = TYPES.get(event.type)
    return {
        "specversion": "1.0",
        "id": str(event.public_id),
        "type": f"{PREFIX}{event.type}",
        "source": f"{settings.PORTAL_URL}/subscriptions/{event.subscription.public_id}",
        "subject": event.subject,
        "time": event.at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "title": known.title if known else event.type,
            "severity": known.severity if known else Severity.INFO,
            "message": event.sentence,
            **event.data,
        },
    }
