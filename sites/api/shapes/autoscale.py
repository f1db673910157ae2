"""Autoscale: the rule of a production slot."""

import re
from datetime import datetime, time
from typing import Annotated

from ninja import Schema
from pydantic import BeforeValidator, Field, WithJsonSchema

from sites.api.shapes.common import Asked
from sites.models import CountRange, Operation, ScaleMetric, Slot, Times
from sites.services.autoscale import Rule, decisions_of, note_of, read_rule


class RangeShown(Asked):
    """The fewest and the most instances."""

    least: int = Field(ge=1, le=10)
    most: int = Field(ge=1, le=10)


_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"


def _plain(said: object) -> object:
    if not isinstance(said, time) and not (isinstance(said, str) and re.fullmatch(_CLOCK, said)):
        raise ValueError("write the time as 08:00")
    return said


Clock = Annotated[
    time, BeforeValidator(_plain), WithJsonSchema({"type": "string", "pattern": _CLOCK, "description": "as 08:00"})
]
"""A time of day without a zone, which JSON Schema's own format does not have."""


class AutoscaleRule(Asked):
    """How the instance count follows figures and times; docs/scale.md says what each means."""

    is_on: bool
    metric: ScaleMetric = ScaleMetric.CPU
    low: int = Field(60, ge=1, le=10_000, description="target: percent of the processor, or requests per instance")
    high: int = Field(80, ge=1, le=10_000)
    out_seconds: int = Field(60, ge=0, le=86_400, description="after a change, before instances are added")
    in_seconds: int = Field(300, ge=0, le=86_400, description="after a change, before instances are taken away")
    is_scheduled: bool = Field(False, description="whether day, night and weekend have ranges of their own")
    time_zone: str = Field("UTC", max_length=64)
    day_begins: Clock = time(8)
    day_ends: Clock = time(20)
    ranges: dict[Times, RangeShown] = Field(default_factory=dict, description="by times; others are as always")


class DecisionShown(Schema):
    """One decision; its operation has the steps."""

    operation: str
    at: datetime
    state: str
    outcome: str


class AutoscaleShown(Schema):
    """The rule, and what became of it lately."""

    rule: AutoscaleRule
    note: str = Field(description="why the last decision could not be carried out; empty otherwise")
    decisions: list[DecisionShown]


def rule_of(body: AutoscaleRule) -> Rule:
    """What was asked for."""
    values = body.model_dump(exclude={"ranges"})
    return Rule(**values, ranges={str(times): CountRange(one.least, one.most) for times, one in body.ranges.items()})


def describe_autoscale(slot: Slot) -> AutoscaleShown:
    """For an answer."""
    rule = read_rule(slot)
    names = [name for name in AutoscaleRule.model_fields if name != "ranges"]
    ranges = {Times(name): RangeShown(least=one.least, most=one.most) for name, one in rule.ranges.items()}
    return AutoscaleShown(
        rule=AutoscaleRule(**{name: getattr(rule, name) for name in names}, ranges=ranges),
        note=note_of(slot),
        decisions=[_decision(one) for one in decisions_of(slot)],
    )


def _decision(operation: Operation) -> DecisionShown:
    return DecisionShown(
        operation=str(operation.public_id),
        at=operation.created_at,
        state=operation.state,
        outcome=operation.outcome_shown,
    )
