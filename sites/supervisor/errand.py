"""A command of Django that `up` has run in a process of its own, since it does without Django itself."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.supervisor.forking import NotForked, fork_part
from sites.supervisor.journal import tail
from sites.supervisor.keeper import clean_environment
from sites.supervisor.process import Process


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    exit_code: int | None
    lines: list[str]
    """The last ones that it has written."""


async def run_errand(name: str, *options: str) -> Outcome:
    """Run `manage.py NAME OPTIONS`; its output stands in logs/NAME.log. A cancellation ends it. Raises OSError."""
    log = settings.LOG_DIR / f"{name}.log"
    log.write_bytes(b"")
    process = _start(name, (str(settings.BASE_DIR / "manage.py"), name, *options), log)
    try:
        await process.wait()
    except asyncio.CancelledError:
        process.send(signal.SIGTERM)
        await process.wait()
        raise
    return Outcome(process.exit_code, tail(log))


def _start(name: str, arguments: Sequence[str], log: Path) -> Process:
    try:
        with log.open("ab") as output:
            return fork_part(settings.FORK_SOCKET, name, arguments, log=output.fileno())
    except NotForked:
        command = (sys.executable, *arguments)
        return Process.start(command, environment=clean_environment(), log=log, folder=settings.BASE_DIR)
