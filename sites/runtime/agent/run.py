"""A one-time command: run once in a sandbox, its exit code kept until somebody has asked and said goodbye."""

import asyncio
import logging
import os
import time
from dataclasses import replace
from pathlib import Path

from sites.disk.folders import free
from sites.runtime.agent.files import read_json, write_json
from sites.runtime.agent.layers import Layer
from sites.runtime.agent.machine import Job, Machine
from sites.runtime.agent.measuring import measured
from sites.runtime.agent.monitor import KILLED, NOT_STARTED, Monitor
from sites.runtime.agent.open_files import Hidden, InFlight, deleted_but_open, processes_below
from sites.runtime.agent.sandbox import environment
from sites.runtime.spec import EndReason, Mount, RunSpec, RunState, RunStatus

TIMED_OUT = 124
GRACE_SECONDS = 5.0
"""No visitor waits for a build."""
LOOK_SECONDS = 2.0
"""Between two looks at what a build has written."""
LOOK_SHARE = 10
"""Looking again waits so many times as long as it took."""
LOG_BYTES = 2 * 1024 * 1024
"""Of the log of one publication, which is kept as long as its history is."""

logger = logging.getLogger(__name__)


class Run:
    """One command, from the order until it is forgotten."""

    def __init__(self, machine: Machine, spec: RunSpec, folder: Path) -> None:
        self.spec = spec
        self._machine = machine
        self._folder = folder
        self._exit_code, self._reason = _read_result(folder / "result.json")
        self._monitor: Monitor | None = None
        self._is_ending = asyncio.Event()
        self.is_writing: bool | None = None
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
        return RunStatus(self.spec.run_id, state, self._exit_code, self._reason)

    @property
    def owner(self) -> int:
        """See Writer.owner."""
        return self.spec.owner

    @property
    def inside(self) -> int | None:
        """See Writer.inside."""
        child = self._monitor.record.child if self._monitor else None
        return child.pid if child else None

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """See Writer.mounts."""
        return self.spec.mounts

    async def let_write(self, is_allowed: bool, why: str) -> None:
        """See Writer.let_write: a command that may write no more is ended."""
        if not is_allowed:
            self._end_for(EndReason.QUOTA, why)

    def end_if_it_hoards(self) -> None:
        """See Machine.end_hoarder."""
        if self._monitor is not None:
            self._machine.end_hoarder(self._folder, self._monitor)

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
        has_own_network = self._machine.isolation.has_own_network
        place = await self._machine.take_place(self.key) if has_own_network else None
        mounts = self._machine.storage.as_allowed(spec.owner, spec.mounts)
        self.is_writing = mounts == spec.mounts
        job = Job(
            key=self.key,
            folder=self._folder,
            owner=spec.owner,
            command=spec.command,
            env=environment(spec.env),
            mounts=mounts,
            directory=spec.directory,
            limits=spec.limits,
            log=self.log,
            log_limit=LOG_BYTES,
            largest_file=spec.disk_bytes or self._machine.storage.largest_file(spec.owner),
            place=place,
            in_background=spec.stdio is None,
            stdio=spec.stdio,
        )
        return await self._machine.start(job, {})

    async def _watch(self, monitor: Monitor) -> int:
        """Its exit code, once it has ended and its log says what is lost with it."""
        layer = Layer.of(monitor.record.monitor, self._folder)
        try:
            return await self._watch_process(monitor)
        finally:
            if layer is not None:
                await layer.end(lambda text: self._machine.note(self._folder, text))

    async def _watch_process(self, monitor: Monitor) -> int:
        self._monitor = monitor
        end = asyncio.ensure_future(monitor.wait())
        ending = asyncio.ensure_future(self._is_ending.wait())
        disk = asyncio.ensure_future(self._watch_disk())
        try:
            left = max(0.0, self.spec.timeout_seconds - monitor.ran_seconds)
            await asyncio.wait({end, ending}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                self._note_memory()
                return monitor.exit_code
            await monitor.stop(GRACE_SECONDS)
            return KILLED if self._is_ending.is_set() else TIMED_OUT
        finally:
            for task in (ending, end, disk):
                task.cancel()
            await asyncio.gather(end, ending, disk, return_exceptions=True)

    async def _watch_disk(self) -> None:
        """Ends it when its writable folders take more than they may, or when the disk of the machine gets full."""
        spec = self.spec
        folders = [(mount.source, spec.disk_files + 1) for mount in spec.mounts if mount.is_writable]
        in_flight = InFlight()
        while spec.disk_bytes:
            began = time.monotonic()
            hidden = await asyncio.to_thread(self._hidden)
            use = hidden.use
            async for found in measured(folders):
                use += found.use
            if in_flight.may_hide(hidden.in_flight, free(self._folder).bytes):
                use = replace(use, is_complete=False)
            if use.bytes > spec.disk_bytes or use.files > spec.disk_files or not use.is_complete:
                left = f"{spec.disk_bytes / 1024**2:,.0f} MB and {spec.disk_files:,} files"
                why = f"ended: it takes more of the disk than the web site has left, {left}."
                self._end_for(EndReason.QUOTA, why)
            elif free(self._folder).bytes < self._machine.storage.limits.disk_reserve:
                self._end_for(EndReason.DISK, "ended: the disk of this machine is nearly full.")
            await asyncio.sleep(max(LOOK_SECONDS, LOOK_SHARE * (time.monotonic() - began)))

    def _hidden(self) -> Hidden:
        """What its processes have on the disk of its writable folders without a name."""
        inside = self.inside
        if inside is None:
            return Hidden()
        try:
            devices = {os.stat(mount.source).st_dev for mount in self.spec.mounts if mount.is_writable}
        except OSError:
            return Hidden()
        return deleted_but_open(processes_below(inside), devices)

    def _end_for(self, reason: EndReason, why: str) -> None:
        if not self._is_ending.is_set():
            self._reason = reason
            self._machine.note(self._folder, why)
            self._is_ending.set()

    def _note_memory(self) -> None:
        if self._machine.confinement.memory_kills(self.key):
            self._reason = self._machine.memory_reason(self.key)
            self._machine.note_memory(self._folder, self.key, self.spec.limits)

    async def _ended(self, code: int) -> None:
        await self._machine.end_log(self._folder)
        try:
            write_json(self._folder / "result.json", {"code": code, "reason": self._reason})
        except OSError as error:
            logger.warning("The result of '%s' could not be written: %s", self.spec.name, error)
        self._exit_code = code
        await self._machine.release(self.key)


def _read_result(path: Path) -> tuple[int | None, EndReason]:
    """Of a run that has ended; older agents wrote the code alone."""
    found = read_json(path)
    if isinstance(found, dict):
        return found["code"], EndReason(found["reason"])
    return found, EndReason.NONE
