"""What was served at a slot's addresses, and the report of each release."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from sites.api.shapes.operations import OperationShown, describe_operation
from sites.api.shapes.sites import DeploymentShown, describe_deployment
from sites.monitoring.releases import Release, Report


class ReleaseShown(Schema):
    """One release of a slot: what it served from one switch to the next, and how that went."""

    id: int
    began_at: datetime
    ended_at: datetime | None = Field(description="null: it serves now")
    seconds: float
    deployment: DeploymentShown | None = Field(description="null: the placeholder page")
    requests: int
    errors: int = Field(description="answered with 5xx")
    p50_ms: float | None = Field(description="null without a request, as the next ones")
    p95_ms: float | None
    p99_ms: float | None
    cpu_ms_per_request: float | None
    instances_started_again: int = Field(description="after they had ended by themselves")


class FilesChanged(Schema):
    """Files that differ, by name; at most 200 of each kind."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    count: int
    same: int


class SettingChanged(Schema):
    """A setting that differs. Its values are not told."""

    name: str
    how: str = Field(description="added, changed or removed")


class ReportShown(Schema):
    """A release beside another one."""

    release: ReleaseShown
    other: ReleaseShown | None = Field(description="the one before it, unless 'with' named another")
    operation: OperationShown | None = Field(description="what brought the release, with its steps and times")
    files: FilesChanged | None = Field(description="null: not known")
    settings: list[SettingChanged]


def describe_release(one: Release) -> ReleaseShown:
    """For an answer."""
    return ReleaseShown(
        id=one.stay.pk,
        began_at=one.stay.began_at,
        ended_at=one.stay.ended_at,
        seconds=one.seconds,
        deployment=describe_deployment(one.deployment) if one.deployment else None,
        requests=one.requests,
        errors=one.errors,
        p50_ms=one.latency(0.5),
        p95_ms=one.latency(0.95),
        p99_ms=one.latency(0.99),
        cpu_ms_per_request=one.cpu_ms_per_request,
        instances_started_again=one.starts,
    )


def describe_report(request: HttpRequest, found: Report) -> ReportShown:
    """For an answer."""
    files = found.changes["files"]
    operation = found.release.operation
    return ReportShown(
        release=describe_release(found.release),
        other=describe_release(found.other) if found.other else None,
        operation=describe_operation(request, operation) if operation else None,
        files=FilesChanged(**files) if files else None,
        settings=[SettingChanged(name=name, how=how) for name, how in found.changes["settings"]],
    )
