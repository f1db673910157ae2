"""Web endpoints and alert rules of a slot, and how each stands."""

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.monitoring.alert_rules import EXAMPLE
from sites.services.alert_rules import Standing
from sites.services.endpoints import Endpoint


class AlertShown(Schema):
    """A rule that is in force. It is also an entry 'alert:NAME' of the settings of monitoring and diagnostics."""

    name: str
    rule: str = Field(description=f"as it is written: {EXAMPLE}")
    measure: str
    state: Literal["quiet", "met", "fired", "ending"] = Field(
        description="met: not for long enough yet; ending: fired, and not met any more"
    )
    since: datetime | None = Field(description="since when it is in that state; null for a quiet one")


class EndpointShown(Schema):
    """A web endpoint; its address is the entry endpoint_1 or endpoint_2 of the settings of monitoring."""

    number: int
    url: str
    health: Literal["unknown", "good", "bad"] = Field(description="bad: no answer, or a status from 400 on")
    status: int | None
    milliseconds: int | None
    fault: str = Field(description="why the last check failed; empty otherwise")
    checked_at: datetime | None


class AlertRuleAsked(Asked):
    """What a rule is to say."""

    rule: str = Field(min_length=1, max_length=200, description=f"as {EXAMPLE}; docs/monitoring.md has the measures")


def describe_alert(one: Standing) -> AlertShown:
    """For an answer."""
    rule = one.rule
    return AlertShown(name=rule.name, rule=rule.text, measure=rule.measure.name, state=one.state, since=one.since)


def describe_endpoint(one: Endpoint) -> EndpointShown:
    """For an answer."""
    check = one.check
    return EndpointShown(
        number=one.number,
        url=one.url,
        health=one.health,
        status=check.status if check else None,
        milliseconds=check.milliseconds if check else None,
        fault=check.fault if check else "",
        checked_at=check.checked_at if check else None,
    )
