"""How operations end: well, or with everything as it was and the reason said."""

import logging

from django.db import transaction

from sites.errors import Cancelled, GreenroomError, StaleOrder, Unreachable
from sites.models import Deployment, DeploymentState, Operation, OperationState, SlotHold, Step
from sites.models.clock import now
from sites.operations import routers
from sites.operations.procedure import Stage, end_step
from sites.operations.stages import STAGES
from sites.operations.turn import Turn

logger = logging.getLogger(__name__)


def succeed(turn: Turn, *, found: str) -> None:
    """End the operation as it was asked for; `found` is what its last step ended with."""
    operation, kind = turn.operation, turn.kind
    outcome = kind.success(operation, turn.changes)
    with transaction.atomic():
        _end(turn, OperationState.SUCCEEDED, outcome, found=found)
        kind.on_success(operation, turn.changes)
    kind.after_success(operation)
    _clean_up(_reached(operation), turn)
    logger.info("%s", outcome)


def fail(turn: Turn, failure: GreenroomError) -> None:
    """End the operation with its reason; before the switch everything is as it was."""
    operation = turn.operation
    reached = _reached(operation)
    _clean_up(reached, turn)
    with transaction.atomic():
        for stage in reversed(reached):
            if stage.undo is not None:
                stage.undo(turn)
        turn.kind.undo(operation, turn.changes)
        turn.site.touch_routes()
        _fail_deployments(turn, failure)
        state = OperationState.CANCELLED if isinstance(failure, Cancelled) else OperationState.FAILED
        _end(turn, state, str(failure), error_code=failure.code)
    logger.warning("%s", failure)
    _announce(turn)


def _reached(operation: Operation) -> list[Stage]:
    """The stages that the operation was at, in order."""
    written = set(operation.steps.values_list("step", flat=True))
    return [stage for step, stage in STAGES.items() if step in written]


def _clean_up(reached: list[Stage], turn: Turn) -> None:
    for stage in reached:
        if stage.clean_up is not None:
            stage.clean_up(turn)


def _fail_deployments(turn: Turn, failure: GreenroomError) -> None:
    """What the operation publishes fails with it, also after its switch; what it only brings elsewhere is as it was."""
    for change in turn.changes:
        if change.deployment_after_id is not None:
            states = list(DeploymentState) if change.brings_deployment else list(Deployment.OPEN)
            Deployment.objects.filter(pk=change.deployment_after_id, state__in=states).update(
                state=DeploymentState.FAILED, failure=str(failure), ended_at=now()
            )


def _announce(turn: Turn) -> None:
    """Have the routers take what was withdrawn; a router that is away takes it when it is back."""
    try:
        routers.publish(turn.site)
    except Unreachable as away:
        logger.warning("%s", away)


def _end(turn: Turn, state: OperationState, outcome: str, *, found: str = "", error_code: str = "") -> None:
    operation, moment = turn.operation, now()
    is_done = state == OperationState.SUCCEEDED
    fenced = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state__in=Operation.OPEN)
    ended = {"state": state, "outcome": outcome, "error_code": error_code, "ended_at": moment}
    if not fenced.update(**ended, **({"step": Step.DONE} if is_done else {})):
        raise StaleOrder(what=str(operation))
    end_step(operation, moment, found=found, is_failed=state == OperationState.FAILED)
    _release(turn, is_done=is_done)


def _release(turn: Turn, *, is_done: bool) -> None:
    """End the holds (I4); one that a preview has lent goes back to it. Once production is stopped the preview ends."""
    holds = SlotHold.objects.filter(operation=turn.operation)
    lender = turn.operation.borrowed_from
    if lender is None or lender.state not in Operation.OPEN:
        holds.delete()
        return
    holds.update(operation=lender)
    if is_done and turn.kind.ends_preview:
        Operation.objects.filter(pk=lender.pk, state=OperationState.WAITING).update(
            state=OperationState.RUNNING, cancel_requested_at=now(), heartbeat_at=None
        )
