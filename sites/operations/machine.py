"""Take an operation forward, from whatever step it is recorded at, until it has to wait."""

import logging
import time
from collections.abc import Callable

from django.db import transaction

from sites.errors import Cancelled, GreenroomError, RoutesRefused, StaleOrder, Unreachable
from sites.models import (
    Deployment,
    DeploymentState,
    Kind,
    Operation,
    OperationState,
    Site,
    SlotHold,
    Step,
)
from sites.models.clock import now, seconds_since
from sites.operations import deleted_slots, retention, routers, wording
from sites.operations.procedure import DONE, Progress, Stage, beat, end_step, enter, tell, write
from sites.operations.stages import position, publishes, stages_of
from sites.operations.steps import build, prepare, show_preview, switch, withdraw

logger = logging.getLogger(__name__)

SLICE_SECONDS = 5.0
PAUSE_SECONDS = 0.05


def run(operation_id: int, attempt: int, *, again: Callable[[int, int], object]) -> None:
    """Work on an operation for up to SLICE_SECONDS, then enqueue it again if something is left.

    Does nothing when another worker has taken it up since (a higher attempt) or it has ended.
    """
    known = Operation.objects.select_related("site", "swap").defer("kept_settings", "swap__settings_before")
    operation = known.filter(pk=operation_id, attempt=attempt).first()
    if operation is None or not operation.is_open:
        return
    try:
        if _work(operation):
            again(operation_id, attempt)
    except StaleOrder as overtaken:
        logger.info("%s", overtaken)


def _work(operation: Operation) -> bool:
    """Returns whether something is left to do."""
    until = time.monotonic() + SLICE_SECONDS
    progress: Progress | None = None
    while True:
        try:
            if progress is None or not progress.is_done:  # the entry into a stage is a heartbeat too
                beat(operation)
            progress = _advance_one(operation)
        except StaleOrder:
            raise
        except GreenroomError as failure:
            _fail(operation, failure)
            return False
        if progress is None or progress.is_waiting:
            return False
        if not progress.is_done:
            if time.monotonic() > until:
                return True
            time.sleep(PAUSE_SECONDS)


def _advance_one(operation: Operation) -> Progress | None:
    """One look at the present stage, and the entry into the next one when it is done; None at the end."""
    stages = stages_of(operation)
    at = position(operation, stages)
    progress = DONE
    if at >= 0:
        progress = _look(operation, stages[at])
        if progress.is_waiting:
            _wait_for_person(operation)
        if not progress.is_done:
            return progress
    if at + 1 == len(stages):
        _succeed(operation, found=progress.sentence)
        return None
    enter(operation, stages[at + 1], found=progress.sentence)
    return DONE


def _look(operation: Operation, stage: Stage) -> Progress:
    """Do what the stage can do now. A part that does not answer is waited for, within the stage's limit."""
    away: Unreachable | None = None
    try:
        progress = stage.work(operation)
    except Unreachable as error:
        away, progress = error, Progress(False, str(error))
    if progress.is_done:
        return progress
    if tell(operation, progress) and away is not None:
        logger.warning("%s: %s", operation, away)
    if not progress.is_waiting:
        _check_limit(operation, stage)
    return progress


def _wait_for_person(operation: Operation) -> None:
    """Let go of the operation until somebody completes or cancels it; nobody takes it up meanwhile."""
    write(operation, state=OperationState.WAITING, heartbeat_at=None)


def _check_limit(operation: Operation, stage: Stage) -> None:
    if stage.limit_seconds is None:
        return
    started = operation.steps.get(step=stage.step).started_at
    if seconds_since(started) > stage.limit_seconds:
        silent = prepare.not_listening(operation, stage.limit_seconds) if stage.step == Step.STARTING else None
        raise silent or wording.took_too_long(operation, stage.limit_seconds)


def _succeed(operation: Operation, *, found: str) -> None:
    site = operation.site
    outcome = wording.success(operation)
    with transaction.atomic():
        _end(operation, OperationState.SUCCEEDED, outcome, found=found)
        retention.note(operation)
        if operation.kind in (Kind.DELETE_SITE, Kind.DELETE_STAGING):
            withdraw.remove_rows(operation)
    if operation.kind == Kind.DELETE_SITE and site is not None:
        deleted_slots.remove_cache(site)
    logger.info("%s", outcome)


def _fail(operation: Operation, failure: GreenroomError) -> None:
    """End the operation with its reason; before the switch everything is as it was."""
    is_cancelled = isinstance(failure, Cancelled)
    if publishes(operation):
        build.forget_runs(operation)
    with transaction.atomic():
        if isinstance(failure, RoutesRefused) and operation.step == Step.PUBLISHED:
            switch.switch_back(operation)
        elif operation.kind == Kind.SWAP:
            show_preview.withdraw(operation)
        prepare.give_back(operation)
        retention.give_back_settings(operation)
        if operation.mode_before:
            Site.objects.filter(pk=operation.held_site.pk).update(mode=operation.mode_before)
        operation.held_site.touch_routes()
        Deployment.objects.filter(
            pk__in=operation.changes.values("deployment_after"), state__in=_unfinished(operation)
        ).update(state=DeploymentState.FAILED, failure=str(failure), ended_at=now())
        state = OperationState.CANCELLED if is_cancelled else OperationState.FAILED
        _end(operation, state, str(failure), error_code=failure.code)
    logger.warning("%s", failure)
    _publish_soon(operation)


def _publish_soon(operation: Operation) -> None:
    """Have the routers take what was withdrawn; a router that is away takes it when it is back."""
    try:
        routers.publish(operation.held_site)
    except Unreachable as away:
        logger.warning("%s", away)


def _unfinished(operation: Operation) -> list[str]:
    """States of a deployment that fails with the operation: a publication's fails even after its switch."""
    return list(DeploymentState) if publishes(operation) else list(Deployment.OPEN)


def _end(operation: Operation, state: OperationState, outcome: str, *, found: str = "", error_code: str = "") -> None:
    moment = now()
    is_done = state == OperationState.SUCCEEDED
    fenced = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state__in=Operation.OPEN)
    ended = {"state": state, "outcome": outcome, "error_code": error_code, "ended_at": moment}
    if not fenced.update(**ended, **({"step": Step.DONE} if is_done else {})):
        raise StaleOrder(what=str(operation))
    end_step(operation, moment, found=found, is_failed=state == OperationState.FAILED)
    _let_go(operation, is_done=is_done)


def _let_go(operation: Operation, *, is_done: bool) -> None:
    """End the holds (I4); one that a preview has lent goes back to it. Once production is stopped the preview ends."""
    holds = SlotHold.objects.filter(operation=operation)
    lender = operation.borrowed_from
    if lender is None or lender.state not in Operation.OPEN:
        holds.delete()
        return
    holds.update(operation=lender)
    if is_done and operation.kind == Kind.STOP:
        Operation.objects.filter(pk=lender.pk, state=OperationState.WAITING).update(
            state=OperationState.RUNNING, cancel_requested_at=now(), heartbeat_at=None
        )
