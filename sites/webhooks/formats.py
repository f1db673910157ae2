"""The body of a request to a target, in the format that its receiver reads."""

import html
import json
from collections.abc import Callable, Mapping
from typing import Any

from sites.events.types import TYPES, Severity
from sites.models import Event, TargetFormat
from sites.webhooks.cloud_event import CONTENT_TYPE, cloud_event

MARKS = {Severity.INFO: "✅", Severity.WARNING: "⚠️", Severity.ERROR: "❌"}
_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]()#+-.!|>~"})


def body_of(event: Event, target_format: str) -> tuple[bytes, str]:
    """The body and its Content-Type; of every format but mail, which is no request."""
    made = _MAKERS[TargetFormat(target_format)](event)
    is_cloud_event = target_format == TargetFormat.CLOUDEVENTS
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    return text.encode(), CONTENT_TYPE if is_cloud_event else "application/json"


def heading_of(event: Event) -> str:
    """A line: its mark, its title, and what it is about."""
    known = TYPES.get(event.type)
    title, mark = (known.title, MARKS[known.severity]) if known else (event.type, "")
    return f"{mark} {title}: {event.subject}".strip()


def _slack(event: Event) -> Mapping[str, Any]:
    """api.slack.com/messaging/webhooks. What stands between < and > would be a link or a call of people."""
    return {"text": f"*{_for_slack(heading_of(event))}*\n{_for_slack(event.sentence)}"}


def _for_slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("*", "∗")


def _teams(event: Event) -> Mapping[str, Any]:
    """A message with an Adaptive Card, as the webhooks of Teams Workflows take it."""
    heading = {"type": "TextBlock", "weight": "Bolder", "wrap": True, "text": heading_of(event).translate(_SIGNS)}
    sentence = {"type": "TextBlock", "wrap": True, "text": event.sentence.translate(_SIGNS)}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [heading, sentence],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [content]}


def _matrix(event: Event) -> Mapping[str, Any]:
    """As the bridge matrix-hookshot takes generic webhooks."""
    heading, sentence = heading_of(event), event.sentence
    shown = f"<strong>{html.escape(heading)}</strong><br>{html.escape(sentence)}"
    return {"text": f"{heading}\n{sentence}", "html": shown, "username": "Greenroom"}


_MAKERS: Mapping[TargetFormat, Callable[[Event], Mapping[str, Any]]] = {
    TargetFormat.CLOUDEVENTS: cloud_event,
    TargetFormat.SLACK: _slack,
    TargetFormat.TEAMS: _teams,
    TargetFormat.MATRIX: _matrix,
}
