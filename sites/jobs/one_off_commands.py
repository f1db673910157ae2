"""Commands that people run once: started, stopped when somebody asks, and ended with what is known of that."""

from datetime import timedelta

from django.db import transaction

from sites.models import OneOffCommand, Operation
from sites.models.clock import now
from sites.operations.kinds.recorded import command_sentence
from sites.planning import command_log, command_spec
from sites.runtime.base import Runtime
from sites.runtime.registry import get_runtime
from sites.runtime.spec import EndReason, RunState, RunStatus

START_SECONDS = 60
"""One that nobody could start for so long is given up: later nobody expects it any more."""
TOOK_TOO_LONG = 124
REASONS = {
    EndReason.MEMORY: "was ended because it needed more memory than an instance may have",
    EndReason.MACHINE: "was ended because the machine had no memory left for web sites",
    EndReason.QUOTA: "was ended because it wrote more to the disk than it may",
    EndReason.DISK: "was ended because the disk became full",
}


def is_needed() -> bool:
    """Whether any has not ended."""
    return OneOffCommand.objects.filter(is_open=True).exists()


def run() -> None:
    """One look at each; may be done by two workers at once. Raises RuntimeUnreachable."""
    runtime = get_runtime()
    rows = OneOffCommand.objects.filter(is_open=True)
    for command in rows.select_related("record", "slot__site", "slot__live_revision", "slot__workload"):
        _look(runtime, command)


def _look(runtime: Runtime, command: OneOffCommand) -> None:
    status = runtime.observe_run(command.run_id)
    if command.slot is None:
        _close(runtime, command, "was ended because its slot was deleted")
    elif status.state is RunState.ENDED:
        _close(runtime, command, _how(status), status.exit_code)
    elif command.stopped_by:
        _close(runtime, command, f"was stopped by {command.stopped_by}")
    elif status.state is RunState.UNKNOWN:
        _start(runtime, command)


def _start(runtime: Runtime, command: OneOffCommand) -> None:
    if now() - command.record.created_at > timedelta(seconds=START_SECONDS):
        _close(runtime, command, f"was not started, or was lost within {START_SECONDS} seconds")
    elif command.slot is not None:
        log = command_log(command.run_id)
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.touch(mode=0o600)
        runtime.start_run(command_spec(command.slot, ("/bin/sh", "-c", command.line), run_id=command.run_id))


def _how(status: RunStatus) -> str:
    if status.reason in REASONS:
        return REASONS[status.reason]
    if status.exit_code == TOOK_TOO_LONG:
        return "ended with exit code 124, as after the hour that it may take"
    return f"ended with exit code {status.exit_code}"


def _close(runtime: Runtime, command: OneOffCommand, how: str, exit_code: int | None = None) -> None:
    """It is written down before the runtime forgets it."""
    if command.stopped_by or command.slot is None:
        runtime.end_run(command.run_id)  # first: what is written down has to hold
    with transaction.atomic():
        rows = OneOffCommand.objects.filter(pk=command.pk, is_open=True)
        if rows.update(is_open=False, how=how[:200], exit_code=exit_code, ended_at=now()):
            record = command.record
            sentence = command_sentence(how, record.target, command.line)
            Operation.objects.filter(pk=record.pk).update(outcome=sentence)
    runtime.end_run(command.run_id)
