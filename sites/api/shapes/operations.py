"""Operations: everything that takes time."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from sites.api import PREFIX
from sites.models import Operation, OperationState, OperationStep, Step
from sites.operations.kinds import kind_of
from sites.plain_text import visible


class StepShown(Schema):
    """One step that the operation went through."""

    step: Step
    title: str
    found: str = Field(description="what was found: '3 of 3 instances answering'")
    started_at: datetime
    ended_at: datetime | None
    is_failed: bool


class SwapShown(Schema):
    """What a swap, a roll-back or a publication with auto swap exchanged."""

    source: str | None
    target: str | None
    is_preview: bool
    switched_at: datetime | None
    requests: int | None = Field(description="that routers counted around the switch")
    failures: int | None


class OperationShown(Schema):
    """An operation, as it is now."""

    id: UUID
    url: str
    kind: str
    title: str
    target: str
    site: str | None
    person: str
    state: OperationState = Field(description="'waiting': a preview that is to be completed or cancelled")
    is_open: bool
    step: Step
    step_title: str
    steps: list[StepShown]
    created_at: datetime
    ended_at: datetime | None
    seconds: float | None = Field(description="from the request to the end")
    message: str = Field(description="how it ended, with the instance and the reason; empty while it is open")
    code: str = Field(description="of the failure; empty otherwise")
    last_lines: list[str] = Field(description="the last lines of the log of what failed; none for readers")
    deployment: str | None = Field(description="id of the deployment that it publishes")
    swap: SwapShown | None


RELATED = ("site", "swap__source", "swap__target", "deployment")


def address(operation: Operation) -> str:
    """The path of an operation."""
    return f"{PREFIX}operations/{operation.public_id}"


def describe_operation(request: HttpRequest, operation: Operation) -> OperationShown:
    """For an answer; steps are read unless they were prefetched."""
    said, _, lines = visible(operation.outcome_shown, keep="\n\t").partition("\n")
    swap, deployment = getattr(operation, "swap", None), getattr(operation, "deployment", None)
    ended_at = operation.ended_at
    return OperationShown(
        id=operation.public_id,
        url=request.build_absolute_uri(address(operation)),
        kind=kind_of(operation).name,
        title=kind_of(operation).title_of(operation),
        target=operation.target,
        site=operation.site.name if operation.site else None,
        person=operation.actor_name,
        state=OperationState.RUNNING if operation.goes_on else OperationState(operation.state),
        is_open=operation.is_open or operation.goes_on,
        step=Step(operation.step),
        step_title=operation.get_step_display(),
        steps=[_step(step) for step in operation.steps.all()],
        created_at=operation.created_at,
        ended_at=ended_at,
        seconds=(ended_at - operation.created_at).total_seconds() if ended_at else None,
        message=said,
        code=operation.error_code,
        last_lines=lines.strip("\n").split("\n") if lines.strip("\n") else [],
        deployment=deployment.public_id.hex if deployment else None,
        swap=SwapShown(
            source=swap.source.name if swap.source else None,
            target=swap.target.name if swap.target else None,
            is_preview=swap.is_preview,
            switched_at=swap.switched_at,
            requests=swap.requests,
            failures=swap.failures,
        )
        if swap
        else None,
    )


def _step(step: OperationStep) -> StepShown:
    return StepShown(
        step=Step(step.step),
        title=step.get_step_display(),
        found=visible(step.sentence),
        started_at=step.started_at,
        ended_at=step.ended_at,
        is_failed=step.is_failed,
    )
