"""A command of Django that `up` has run in a process of its own, since it does without Django itself."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.logs.files import tail
from sites.supervisor.forking import NotForked, fork_part
from sites.supervisor.keeper import clean_environment
from sites.supervisor.process import Process

MAX_LINES = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    exit_code: int | None
    lines: list[str]
    """The last ones that it has written."""


async def run_errand(name: str, *options: str) -> Outcome:
    """Run `manage.py NAME OPTIONS`. A cancellation ends it. Raises OSError.

    What it writes stays in memory: it may be a secret.
    """
    output = os.memfd_create(name)
    try:
        process = await _start(name, (str(settings.BASE_DIR / "manage.py"), name, *options), output)
        try:
            await process.wait()
        except asyncio.CancelledError:
            process.send(signal.SIGTERM)
            await process.wait()
            raise
        return Outcome(process.exit_code, tail(_path_of(output), MAX_LINES))
    finally:
        os.close(output)


async def _start(name: str, arguments: Sequence[str], output: int) -> Process:
    try:
        return await fork_part(settings.FORK_SOCKET, name, arguments, output=output)
    except NotForked:
        command = (sys.executable, *arguments)
        environment = clean_environment()
        return Process.start(command, environment=environment, output=_path_of(output), folder=settings.BASE_DIR)


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}")
