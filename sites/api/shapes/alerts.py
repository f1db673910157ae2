"""Alert rules of a slot, and how each stands."""

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.monitoring.alert_rules import EXAMPLE
from sites.services.alert_rules import Standing


class AlertShown(Schema):
    """A rule that is in force. It is also an entry 'alert:NAME' of the settings of monitoring and diagnostics."""

    name: str
    rule: str = Field(description=f"as it is written: {EXAMPLE}")
    measure: str
    state: Literal["quiet", "met", "fired", "ending"] = Field(
        description="met: not for long enough yet; ending: fired, and not met any more"
    )
    since: datetime | None = Field(description="since when it is in that state; null for a quiet one")


class AlertRuleAsked(Asked):
    """What a rule is to say."""

    rule: str = Field(min_length=1, max_length=200, description=f"as {EXAMPLE}; docs/monitoring.md has the measures")


def describe_alert(one: Standing) -> AlertShown:
    """For an answer."""
    rule = one.rule
    return AlertShown(name=rule.name, rule=rule.text, measure=rule.measure.name, state=one.state, since=one.since)
