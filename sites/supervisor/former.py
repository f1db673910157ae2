"""The process from which another one has taken over, while it finishes what it serves."""

import asyncio
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sites.supervisor.component import Component
from sites.supervisor.process import Process
from sites.supervisor.records import Record, forget_record, read_record, write_record

LATER_SECONDS = 30.0
"""After its time it has ended itself; if not, it is ended."""
END_SECONDS = 5.0


def former_name(name: str) -> str:
    """Under which name a part's former process is remembered."""
    return f"{name}-former"


class Former:
    """Of one part; there may be none."""

    def __init__(self, component: Component, run_dir: Path) -> None:
        self._component = component
        self._run_dir = run_dir
        self._name = former_name(component.name)
        self._process: Process | None = None
        self._seeing_off: asyncio.Task[None] | None = None

    @property
    def is_there(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and not self._process.has_ended

    def remember(self, record: Record) -> None:
        """Before a successor is started: another `up` has to find both."""
        write_record(self._run_dir, replace(record, name=self._name, until=time.time() + self._seconds))

    def forget(self) -> None:
        """There is none (any more)."""
        forget_record(self._run_dir, self._name)

    def find(self) -> None:
        """The one that this `up`, or one before it, has remembered."""
        record = read_record(self._run_dir, self._name)
        if record is None or self.is_there:
            return
        try:
            process = Process(record.identity, survives=True)
        except ProcessLookupError:
            self.forget()
        else:
            self.see_off(process, record.until - time.time())

    def see_off(self, process: Process, seconds: float | None = None) -> None:
        """Wait in the background until it has ended, and end it after `seconds`: its whole time unless said."""
        self._process = process
        waiting = self._wait(process, self._seconds if seconds is None else max(0.0, seconds))
        self._seeing_off = asyncio.create_task(waiting, name=f"see off {self._name}")

    async def end(self) -> None:
        """At once."""
        process, self._process = self._process, None
        if self._seeing_off is not None:
            self._seeing_off.cancel()
            self._seeing_off = None
        if process is not None:
            await _end(process)
            self.forget()

    @property
    def _seconds(self) -> float:
        succession = self._component.succession
        return succession.finish_seconds + LATER_SECONDS if succession else 0.0

    async def _wait(self, process: Process, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), seconds)
        await _end(process)
        self.forget()


async def _end(process: Process) -> None:
    process.send(signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), END_SECONDS)
    process.kill_group()
    await process.wait()
