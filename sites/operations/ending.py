"""How operations end: well, or with everything as it was and the reason said."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q

from sites.errors import Cancelled, GreenroomError, InternalFault, StaleOrder, Unreachable
from sites.models import Deployment, DeploymentState, Operation, OperationState, Site, SlotHold, Step
from sites.operations import deleted_slots, routers, sides, telling
from sites.operations.procedure import Stage
from sites.operations.stages import STAGES
from sites.operations.turn import Turn

logger = logging.getLogger(__name__)

NOT_UNDONE = " Taking back what it had changed came to a fault as well, so something of it may be left."


def succeed(turn: Turn, *, found: str) -> None:
    """End the operation as it was asked for; `found` is what its last step ended with."""
    operation, kind = turn.operation, turn.kind
    operation.ended_at = turn.now()
    outcome = kind.success(operation, turn.changes) + sides.remark(turn)
    with transaction.atomic():
        _end(turn, OperationState.SUCCEEDED, outcome, found=found)
        kind.on_success(operation, turn.changes)
    logger.info("%s", outcome)
    _clean_up(turn, [STAGES[step] for step in kind.steps_of(operation)], may_be_gone=kind.is_deletion)


def fail(turn: Turn, failure: GreenroomError) -> None:
    """End the operation with its reason; before the switch everything is as it was."""
    operation = turn.operation
    turn.trail.write()
    reached = _reached(turn)
    _clean_up(turn, reached)
    state = OperationState.CANCELLED if isinstance(failure, Cancelled) else OperationState.FAILED
    undoing = [partial(stage.undo, turn) for stage in reversed(reached) if stage.undo is not None]
    undoing.append(partial(turn.kind.undo, operation, turn.changes))
    with transaction.atomic():
        is_undone = all([_tolerate(operation, transaction.atomic(undo)) for undo in undoing])
        outcome = str(failure) if is_undone else f"{failure}{NOT_UNDONE}"
        _fail_deployments(turn, outcome)
        Site.objects.filter(operations=operation).update(routes_version=F("routes_version") + 1)
        _end(turn, state, outcome, error_code=failure.code)
    reason, *_ = str(failure).split("\n")  # what follows are lines of the application, and those are not for this log
    logger.warning("%s%s", reason, "" if is_undone else NOT_UNDONE)
    _tolerate(operation, lambda: _announce(operation))


def abandon(turn: Turn, fault: Exception) -> None:
    """End an operation that cannot be ended as it should, so that its slots are free again."""
    is_switched = turn.operation.step in Operation.AFTER_SWITCH
    holds = "What was switched stays switched." if is_switched else "No address was switched."
    failure = InternalFault(
        what=turn.what, step=turn.operation.get_step_display(), fault=type(fault).__name__, holds=f"{holds}{NOT_UNDONE}"
    )
    with transaction.atomic():
        _end(turn, OperationState.FAILED, str(failure), error_code=failure.code)


def _tolerate(operation: Operation, act: Callable[[], object]) -> bool:
    """Do what must not keep an operation from ending; returns whether it was done."""
    try:
        act()
    except (OperationalError, InterfaceError):  # the whole ending is tried again
        raise
    except Exception:
        logger.exception("In the ending of %s:", operation)
        return False
    return True


def _reached(turn: Turn) -> list[Stage]:
    """The stages that the operation has entered, in order; also those from before a person let it go on."""
    steps = list(turn.kind.steps_of(turn.operation))
    at = steps.index(Step(turn.operation.step)) + 1 if turn.operation.step in steps else 0
    return [STAGES[step] for step in dict.fromkeys([*turn.kind.steps_before(turn.operation), *steps[:at]])]


def _clean_up(turn: Turn, stages: list[Stage], *, may_be_gone: bool = False) -> None:
    """End what may still run for the operation, and remove what nobody needs any more."""
    for stage in stages:
        if stage.clean_up is not None:
            _tolerate(turn.operation, partial(stage.clean_up, turn))
    site = turn.operation.site
    if may_be_gone and site is not None and not Site.objects.filter(pk=site.pk).exists():
        _tolerate(turn.operation, partial(deleted_slots.remove_cache, site))


def _fail_deployments(turn: Turn, outcome: str) -> None:
    """What the operation publishes fails with it, also after its switch; what it only brings elsewhere is as it was."""
    brought = Q(pk__in=[change.deployment_after_id for change in turn.changes], state__in=Deployment.OPEN)
    Deployment.objects.filter(brought | Q(operation=turn.operation)).update(
        state=DeploymentState.FAILED, failure=outcome, ended_at=turn.now()
    )


def _announce(operation: Operation) -> None:
    """Have the routers take what was withdrawn; a router that is away takes it when it is back."""
    site = operation.site
    if site is None:
        return
    site.routes_version += 1
    with suppress(Site.DoesNotExist):  # an operation that has failed may have taken its site along
        site.refresh_from_db(fields=["routes_version"])
    try:
        routers.announce(site)
    except Unreachable as away:
        logger.warning("%s", away)


def _end(turn: Turn, state: OperationState, outcome: str, *, found: str = "", error_code: str = "") -> None:
    operation = turn.operation
    moment = operation.ended_at or turn.now()  # a success has said already how long it took
    is_done = state == OperationState.SUCCEEDED
    fenced = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state__in=Operation.OPEN)
    ended = {"state": state, "outcome": outcome, "error_code": error_code, "ended_at": moment, "claimed_by": ""}
    if not fenced.update(**ended, **({"step": Step.DONE} if is_done else {})):
        raise StaleOrder(what=str(operation))
    turn.trail.end(moment, found=found, is_failed=state == OperationState.FAILED)
    turn.trail.close(moment)
    telling.of_end(turn, state, outcome, error_code=error_code)
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
            state=OperationState.RUNNING, cancel_requested_at=turn.now(), due_at=turn.now()
        )
