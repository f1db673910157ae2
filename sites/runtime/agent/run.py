"""A one-time command: run once in a sandbox, its exit code kept until somebody has asked and said goodbye."""

import asyncio
import logging
from pathlib import Path

from sites.runtime.agent.files import read_json, write_json
from sites.runtime.agent.machine import Job, Machine
from sites.runtime.agent.monitor import KILLED, NOT_STARTED, Monitor
from sites.runtime.agent.network import Place
from sites.runtime.agent.sandbox import environment
from sites.runtime.spec import RunSpec, RunState, RunStatus

TIMED_OUT = 124
GRACE_SECONDS = 5.0
"""No visitor waits for a build."""
LOG_BYTES = 2 * 1024 * 1024
"""Of the log of one publication, which is kept as long as its history is."""

logger = logging.getLogger(__name__)


class Run:
    """One command, from the order until it is forgotten."""

    def __init__(self, machine: Machine, spec: RunSpec, folder: Path) -> None:
        self.spec = spec
        self._machine = machine
        self._folder = folder
        self._exit_code: int | None = read_json(folder / "result.json")
        self._monitor: Monitor | None = None
        self._is_ending = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._live())

    @property
    def key(self) -> str:
        """Of its place and its limits."""
        return f"run/{self.spec.run_id}"

    @property
    def log(self) -> Path:
        """What it writes."""
        return Path(self.spec.log) if self.spec.log else self._folder / "log"

    @property
    def is_running(self) -> bool:
        """It has not ended yet."""
        return self._exit_code is None

    def status(self) -> RunStatus:
        """As it is now."""
        state = RunState.RUNNING if self._exit_code is None else RunState.ENDED
        return RunStatus(self.spec.run_id, state, self._exit_code)

    async def end(self) -> None:
        """Ends it if it still runs, and waits for that."""
        self._is_ending.set()
        await asyncio.shield(self._task)

    async def forget(self) -> None:
        """The agent ends; the process goes on."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _live(self) -> None:
        if self._exit_code is not None:
            return
        monitor = Monitor.read(self._folder)
        if monitor is not None and not monitor.is_of_this_boot:
            await self._ended(KILLED)  # the machine went down under it; running it twice could do harm
            return
        try:
            if monitor is None:
                monitor = await self._start()
            else:
                self._machine.follow_log(self._folder, self.log, LOG_BYTES)
                monitor.go_on()
        except OSError as error:
            logger.warning("The command of '%s' could not be started: %s", self.spec.name, error)
        if monitor is None:
            await self._ended(NOT_STARTED)
            return
        await self._ended(await self._watch(monitor))

    async def _start(self) -> Monitor | None:
        spec = self.spec
        place: Place | None = None
        if not spec.has_network:
            place = await self._machine.take_place(self.key)
        job = Job(
            key=self.key,
            folder=self._folder,
            owner=spec.owner,
            command=spec.command,
            env=environment(spec.env),
            mounts=spec.mounts,
            directory=spec.directory,
            limits=spec.limits,
            log=self.log,
            log_limit=LOG_BYTES,
            place=place,
            in_background=True,
        )
        return await self._machine.start(job, {})

    async def _watch(self, monitor: Monitor) -> int:
        end = asyncio.ensure_future(monitor.wait())
        ending = asyncio.ensure_future(self._is_ending.wait())
        try:
            left = max(0.0, self.spec.timeout_seconds - monitor.ran_seconds)
            await asyncio.wait({end, ending}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                return monitor.exit_code
            await monitor.stop(GRACE_SECONDS)
            return KILLED if self._is_ending.is_set() else TIMED_OUT
        finally:
            ending.cancel()
            end.cancel()
            await asyncio.gather(end, ending, return_exceptions=True)

    async def _ended(self, code: int) -> None:
        await self._machine.end_log(self._folder)
        try:
            write_json(self._folder / "result.json", code)
        except OSError as error:
            logger.warning("The result of '%s' could not be written: %s", self.spec.name, error)
        await self._machine.release(self.key)
        self._exit_code = code
