"""Watches a process until it ends or hangs."""

import asyncio
import os
import time
from collections.abc import Callable

from sites.supervisor.hang import Judge
from sites.supervisor.liveness import CannotTell, Liveness, Silent
from sites.supervisor.process import Process
from sites.supervisor.scheduling import Sight, look_at, state_of

PAUSE_SECONDS = 10.0
"""Between an answer and the next question."""
LONGEST_LOOK_SECONDS = 1.0


class Watch:
    """Of one process that runs; used for that one only."""

    def __init__(self, process: Process, liveness: Liveness, say: Callable[[str], None]) -> None:
        """`say` takes what happens meanwhile, for people."""
        self._process = process
        self._liveness = liveness
        self._say = say
        self._question: asyncio.Task[bool] | None = None
        self._due_at = time.monotonic() + PAUSE_SECONDS
        self._look_seconds = min(liveness.stopped_seconds / 2, LONGEST_LOOK_SECONDS)
        self._judge = Judge(liveness.patience_seconds, liveness.stopped_seconds, self._look_seconds)

    async def until_end(self) -> str:
        """Return when the process has ended, or with the reason why it counts as hanging."""
        end = asyncio.create_task(self._process.wait())
        try:
            while not self._process.has_ended:
                self._converse()
                if reason := self.look():
                    return reason
                await asyncio.wait({end}, timeout=self._look_seconds)
            return ""
        finally:
            end.cancel()
            if self._question is not None:
                self._question.cancel()

    def look(self) -> str:
        """Why the process hangs, by what was seen until now; empty if it does not."""
        if not self._judge.is_asked:  # times tell nothing then, and are read many times a second
            return self._judge.see(time.monotonic(), Sight(state_of(self._process.pid)), Sight(""))
        return self._judge.see(time.monotonic(), look_at(self._process.pid), look_at(os.getpid()))

    def _converse(self) -> None:
        """Take the answer to the last question, or ask the next one."""
        if self._question is None:
            if time.monotonic() >= self._due_at:
                self._judge.ask()
                self._question = asyncio.create_task(self._ask())
        elif self._question.done():
            has_answered = self._question.result()
            if has_answered:
                self._judge.hear()
            self._due_at = time.monotonic() + (PAUSE_SECONDS if has_answered else self._look_seconds)
            self._question = None

    async def _ask(self) -> bool:
        try:
            await self._liveness.ask(self._process.pid)
        except Silent:
            return False
        except CannotTell:
            return True
        except Exception as error:  # a fault of the question is no reason to end what it is about
            self._say(f"could not be asked whether it lives: {type(error).__name__}: {error}")
        return True
