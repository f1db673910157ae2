"""Measures folders in a process of its own that stands behind everybody, so that the agent goes on meanwhile."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sites.disk import use as meter
from sites.disk.use import Use
from sites.runtime.agent.background import step_back

OURS = str(Path(meter.__file__).parents[2])


@dataclass(frozen=True, slots=True)
class Measured:
    """What a folder takes, and how long it took to find out."""

    use: Use
    seconds: float


async def measured(folders: Sequence[tuple[str, int]]) -> AsyncIterator[Measured]:
    """One folder after the other, each as soon as it is known; beside it the number of files to end at, 0: never."""
    if not folders:
        return
    arguments = [word for folder, max_files in folders for word in (str(max_files), folder)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", meter.__name__, *arguments, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": OURS}
    )
    step_back(process.pid)
    try:
        began = time.monotonic()
        while process.stdout is not None and (line := await process.stdout.readline()):
            now = time.monotonic()
            yield Measured(Use(**json.loads(line)), now - began)
            began = now
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
