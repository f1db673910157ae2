"""Deployment from source control."""

from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.api.shapes.sites import hook_url
from sites.models import Provider, SourceControl


class SourceControlShown(Schema):
    """The repository from which a slot is published."""

    provider: Provider
    url: str
    branch: str
    user: str
    has_password: bool = Field(description="a password or token is kept; it is shown to nobody")
    webhook_url: str
    webhook_secret: str | None = Field(description="null unless it was asked for with reveal=true, which is recorded")
    connected_at: datetime
    last_fetch: UUID | None = Field(description="the operation of the newest fetch")


class NewSourceControl(Asked):
    """A repository to connect."""

    url: str = Field(min_length=1, max_length=600, description="https://…, without user and password")
    branch: str = Field("main", min_length=1, max_length=100)
    provider: Provider = Provider.EXTERNAL
    user: str = Field("", max_length=100)
    password: str | None = Field(
        None, max_length=4096, description="or a token; null keeps the present one for the same user at the same host"
    )


def describe_source_control(source: SourceControl, secret: str | None) -> SourceControlShown:
    """For an answer."""
    return SourceControlShown(
        provider=Provider(source.provider),
        url=source.url,
        branch=source.branch,
        user=source.user,
        has_password=bool(source.password),
        webhook_url=hook_url(source.slot),
        webhook_secret=secret,
        connected_at=source.connected_at,
        last_fetch=source.last_fetch.public_id if source.last_fetch else None,
    )
