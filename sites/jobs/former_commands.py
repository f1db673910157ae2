"""What commands that people ran once have left behind."""

from contextlib import suppress
from uuid import UUID

from django.conf import settings

from sites.disk.folders import is_older
from sites.models import OneOffCommand
from sites.planning import COMMAND_SECONDS
from sites.runtime.registry import get_runtime

PREFIX = "command-"
LONGEST_SECONDS = COMMAND_SECONDS + 600
"""After so long none runs any more, also not one with a terminal, of which there is no row."""


def end_forgotten() -> None:
    """Have the runtime forget commands that have ended, or of which there is no row. Raises RuntimeUnreachable."""
    for folder in list((settings.INSTANCE_DIR / "runs").glob(f"{PREFIX}*")):
        is_open = _is_open(folder.name)
        if is_open is False or (is_open is None and is_older(folder, LONGEST_SECONDS)):
            get_runtime().end_run(folder.name)


def remove_output() -> None:
    """Remove rows of commands whose slot is gone, and logs without a row."""
    OneOffCommand.objects.filter(is_open=False, slot=None).delete()
    for log in list((settings.LOG_DIR / "commands").glob(f"{PREFIX}*.log*")):
        if is_older(log, LONGEST_SECONDS) and _is_open(log.name.partition(".")[0]) is None:
            log.unlink(missing_ok=True)


def _is_open(run_id: str) -> bool | None:
    """None without a row: it was removed, or somebody has a terminal."""
    with suppress(ValueError):
        of_record = OneOffCommand.objects.filter(record__public_id=UUID(run_id.removeprefix(PREFIX)))
        return of_record.values_list("is_open", flat=True).first()
    return None
