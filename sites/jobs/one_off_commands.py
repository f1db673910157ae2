"""Commands that people run once: started, stopped when somebody asks, and ended with what is known of that.

A command ends with the rights of who asked for it: in a shell that goes on for an hour, somebody who left would stay.
"""

import logging
from datetime import timedelta

from django.db import transaction

from sites.endings import how_ended
from sites.errors import Failed, Unreachable
from sites.jobs.turns import turn
from sites.models import OneOffCommand, Operation, OperationState, Slot
from sites.models.clock import now
from sites.operations.kinds.recorded import command_sentence
from sites.planning import command_log, command_spec
from sites.runtime.base import Runtime
from sites.runtime.registry import get_runtime
from sites.runtime.spec import RunState, RunStatus

TURN = "commands turn"
LEASE_SECONDS = 30.0
"""So long a worker that dies keeps the others out."""
START_SECONDS = 60
"""One that nobody could start for so long is given up: later nobody expects it any more. So is one that was started
and is not known to the runtime."""
TOOK_TOO_LONG = 124

logger = logging.getLogger(__name__)


def is_needed() -> bool:
    """Whether any has not ended."""
    return OneOffCommand.objects.filter(is_open=True).exists()


def run() -> None:
    """One look at each, unless another worker is at it. Raises RuntimeUnreachable."""
    with turn(TURN, seconds=LEASE_SECONDS) as is_mine:
        if is_mine:
            for number in list(OneOffCommand.objects.filter(is_open=True).values_list("pk", flat=True)):
                _look(get_runtime(), number)


def _look(runtime: Runtime, number: int) -> None:
    rows = OneOffCommand.objects.select_related("record", "slot__site", "slot__live_revision", "slot__workload")
    command = rows.filter(pk=number, is_open=True).first()  # anew: a worker whose turn has lapsed may have closed it
    if command is None:
        return
    status = runtime.observe_run(command.run_id)
    if command.slot is None:
        _close(runtime, command, "was ended because its slot was deleted")
    elif status.state is RunState.ENDED:
        _close(runtime, command, _how(status, command.slot), status.exit_code)
    elif command.stopped_by:
        _close(runtime, command, f"was stopped by {command.stopped_by}")
    elif not OneOffCommand.objects.in_force().filter(pk=number).exists():
        _close(runtime, command, f"was ended because {command.record.actor_name} may not change the web site any more")
    elif status.state is not RunState.UNKNOWN:
        return
    elif command.begun_at is None:
        _start(runtime, command)
    elif now() - command.begun_at > timedelta(seconds=START_SECONDS):
        _close(runtime, command, "was lost, and nobody knows how it ended")


def _start(runtime: Runtime, command: OneOffCommand) -> None:
    """At most once: what was begun is never begun again, because running it twice could do harm."""
    if now() - command.record.created_at > timedelta(seconds=START_SECONDS):
        _close(runtime, command, f"was not started within {START_SECONDS} seconds")
    elif command.slot is not None:
        log = command_log(command.run_id)
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.touch(mode=0o600)
        spec = command_spec(command.slot, ("/bin/sh", "-c", command.line), run_id=command.run_id)
        still = OneOffCommand.objects.filter(pk=command.pk, is_open=True)
        if still.filter(begun_at=None, stopped_by="").update(begun_at=now()):
            try:
                runtime.start_run(spec)
            except Unreachable:
                raise
            except Failed as error:
                logger.warning("A command of '%s' could not be started: %s", command.slot.title, error)
                _close(runtime, command, "could not be started")
            if not still.exists():  # somebody has closed it between the claim and the start
                runtime.end_run(command.run_id)


def _how(status: RunStatus, slot: Slot) -> str:
    if status.exit_code == TOOK_TOO_LONG:
        return "ended with exit code 124, as after the hour that it may take"
    said = how_ended(status.exit_code, status.reason, memory_mb=slot.site.size.figures.memory_mb)
    return said.replace("ended with code", "ended with exit code", 1)


def _close(runtime: Runtime, command: OneOffCommand, how: str, exit_code: int | None = None) -> None:
    """It is written down before the runtime forgets it."""
    if exit_code is None:
        runtime.end_run(command.run_id)  # first: what is written down has to hold
    with transaction.atomic():
        rows = OneOffCommand.objects.filter(pk=command.pk, is_open=True)
        if rows.update(is_open=False, how=how[:200], exit_code=exit_code, ended_at=now()):
            record = command.record
            sentence = command_sentence(how, record.target)
            state = OperationState.SUCCEEDED if exit_code == 0 else OperationState.FAILED
            state = OperationState.CANCELLED if command.stopped_by and exit_code is None else state
            Operation.objects.filter(pk=record.pk).update(outcome=sentence, state=state, ended_at=now())
    runtime.end_run(command.run_id)
