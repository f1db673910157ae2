"""Databases linked to a web site."""

from datetime import datetime

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.models import Engine, Health, LinkedResource
from sites.resources.address import MAX_LENGTH


class ResourceShown(Schema):
    """A link, and what its last check found. The connection string is among the settings of production."""

    number: int
    name: str = Field(description="also the name of its connection string")
    engine: Engine
    health: Health
    finding: str = Field(description="why it does not answer; empty otherwise")
    since: datetime | None = Field(description="since when its health is so")
    checked_at: datetime | None


class NewResource(Asked):
    """A database to link."""

    name: str = Field(min_length=1, max_length=128)
    engine: Engine
    connection_string: str = Field("", max_length=MAX_LENGTH, description="empty: production has it under this name")


def describe_resource(resource: LinkedResource) -> ResourceShown:
    """For an answer."""
    return ResourceShown(
        number=resource.pk,
        name=resource.name,
        engine=Engine(resource.engine),
        health=Health(resource.health),
        finding=resource.finding,
        since=resource.since,
        checked_at=resource.checked_at,
    )
