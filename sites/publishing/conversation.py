"""The answer of a run of git while it is written: read from its file, sent on, and no thread waits meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from sites.errors import GreenroomError, RuntimeUnreachable
from sites.repositories.ending import Ending
from sites.repositories.job import Job

PIECE = 256 * 1024
SHORT_PAUSE, LONG_PAUSE = 0.05, 0.5
"""Seconds between two looks: the pause grows as long as nothing comes."""
AWAY_SECONDS = 30.0

threads = ThreadPoolExecutor(4, "git")
"""For the agent's socket and the files of runs: moments, not minutes."""

T = TypeVar("T")
Attend = Callable[[Job], Coroutine[Any, Any, None]]
Error = Callable[[str], bytes]


async def nobody(job: Job) -> None:
    """Attends to no hook."""


class Conversation:
    """One run from its start to the end of its answer. It ends when the run has, whether the client reads or not."""

    def __init__(self, job: Job, error: Error, opening: bytes = b"", *, attend: Attend = nobody) -> None:
        """`error` wraps a sentence in place of an answer; `attend` does what the hook asks for, beside the answer."""
        self._job = job
        self._error = error
        self._opening = opening
        self._attend = attend

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The answer; a sentence when git could not give one."""
        run = asyncio.create_task(self._until_the_end())
        sent = 0
        try:
            async for piece in self._written(run):
                if not sent:
                    yield self._opening
                sent += len(piece)
                yield piece
            if (fault := (await run).fault(has_answered=sent > 0)) is not None:
                yield self._opening + self._error(fault) if not sent else self._error(fault)
        except GreenroomError as failure:
            yield self._opening + self._error(str(failure)) if not sent else self._error(str(failure))
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
            await in_thread(self._job.close)

    async def _written(self, run: asyncio.Task[Ending]) -> AsyncGenerator[bytes, None]:
        """What stands in the file of the answer, until the run has ended and all was read."""
        read, pause = 0, SHORT_PAUSE
        while True:
            is_over = run.done()
            while piece := await in_thread(partial(self._job.read, "answer", read, PIECE)):
                read, pause = read + len(piece), SHORT_PAUSE
                yield piece
            if is_over:
                return
            await asyncio.wait({run}, timeout=pause)
            pause = min(pause * 1.3, LONG_PAUSE)

    async def _until_the_end(self) -> Ending:
        """Attend to the hook until the run has ended, whether the client reads or not."""
        attending = asyncio.create_task(self._attend(self._job))
        try:
            pause = SHORT_PAUSE
            while (ending := await self._ending()) is None:
                await asyncio.sleep(pause)
                pause = min(pause * 1.3, LONG_PAUSE)
            return ending
        finally:
            attending.cancel()
            await asyncio.gather(attending, return_exceptions=True)
            await in_thread(self._job.let_go)

    async def _ending(self) -> Ending | None:
        """How the run has ended; an agent that is being replaced has AWAY_SECONDS. Raises RuntimeUnreachable."""
        loop = asyncio.get_running_loop()
        until = loop.time() + AWAY_SECONDS
        while True:
            try:
                return await in_thread(self._job.ending)
            except RuntimeUnreachable:
                if loop.time() > until:
                    raise
                await asyncio.sleep(LONG_PAUSE)


async def in_thread(work: Callable[[], T]) -> T:
    """The result of work that blocks for a moment."""
    return await asyncio.get_running_loop().run_in_executor(threads, work)
