"""One wanted instance: started, watched, started again when it crashes, ended when it is told to."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sites.logs.files import LIMIT_BYTES
from sites.runtime.agent.files import read_json, write_json
from sites.runtime.agent.history import STEADY_SECONDS, History
from sites.runtime.agent.identity import Identity
from sites.runtime.agent.layers import Layer
from sites.runtime.agent.machine import Job, Machine
from sites.runtime.agent.monitor import NOT_STARTED, Monitor
from sites.runtime.agent.network import Place
from sites.runtime.agent.open_files import processes_below
from sites.runtime.agent.sandbox import APP, environment
from sites.runtime.agent.usage import usage_of
from sites.runtime.agent.waiting import wait_until_listening
from sites.runtime.spec import (
    EndReason,
    InstanceState,
    InstanceStatus,
    InstanceUsage,
    Mount,
    RevisionSpec,
    Written,
)

FAULT_SECONDS = 5.0
SHORT_GRACE_SECONDS = 2.0
"""For one that is started anew because it writes more than it may, or because it hangs."""

logger = logging.getLogger(__name__)


def digest_of(spec: RevisionSpec) -> str:
    """Differs when a running process would have to be started again to be as wanted."""
    data = asdict(spec)
    for name in ("generation", "name", "count", "grace_seconds"):
        del data[name]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def instance_id(mark: str, revision_id: int, ordinal: int) -> str:
    """WEBSITE_INSTANCE_ID: unique per instance, and the same after a crash."""
    return hashlib.sha256(f"{mark}/{revision_id}/{ordinal}".encode()).hexdigest()


class Instance:
    """One ordinal of a revision, from the order to its end."""

    def __init__(
        self, machine: Machine, spec: RevisionSpec, ordinal: int, folder: Path, on_end: Callable[["Instance"], None]
    ) -> None:
        self.spec = spec
        self.ordinal = ordinal
        self.state = InstanceState.STARTING
        self.is_known = asyncio.Event()
        """Set once its state is true, also of one that the agent before has left running."""
        self._machine = machine
        self._folder = folder
        self._on_end = on_end
        self._place: Place | None = None
        self._history = History()
        self._changed = asyncio.Event()
        self._is_unwanted = False
        self._is_to_begin_anew = False
        self._hangs = False
        """What is true of the process that runs, or that ended last."""
        self._monitor: Monitor | None = None
        """Of the process that runs."""
        self._layer: Layer | None = None
        """Of the same."""
        self._known_kills = 0
        self.is_writing: bool | None = None
        self._task = asyncio.get_running_loop().create_task(self._live_on())

    @property
    def key(self) -> str:
        """Of its place and its limits."""
        return f"{self.spec.revision_id}/{self.ordinal}"

    @property
    def log(self) -> Path:
        """What it writes."""
        return self._folder / "log"

    @property
    def is_failing(self) -> bool:
        """It has ended by itself, and has not run for long since."""
        is_young = self.ran_seconds < STEADY_SECONDS
        return self.state == InstanceState.BACKOFF or (self._history.crashes > 0 and is_young)

    @property
    def ran_seconds(self) -> float:
        """See Server.ran_seconds."""
        return self._monitor.ran_seconds if self._monitor is not None else 0.0

    @property
    def serving(self) -> tuple[Identity, Place] | None:
        """See Server.serving."""
        if self.state != InstanceState.RUNNING or self._monitor is None or self._place is None:
            return None
        return self._monitor.record.monitor, self._place

    @property
    def address(self) -> str | None:
        """None until it has a place."""
        return self._place.address if self._place else None

    @property
    def port(self) -> int:
        """0 until it has a place."""
        return self._place.port if self._place else 0

    def status(self) -> InstanceStatus:
        """As it is now."""
        return InstanceStatus(
            revision_id=self.spec.revision_id,
            ordinal=self.ordinal,
            generation=self.spec.generation,
            state=self.state,
            address=self.address or "",
            port=self.port,
            restarts=self._history.restarts,
            exit_code=self._history.exit_code,
            is_failing=self.is_failing,
            reason=self._history.reason,
            written=self._layer.written if self._layer is not None else Written(),
        )

    def usage(self) -> InstanceUsage | None:
        """What its process has used; None while none runs."""
        monitor = self._monitor
        if monitor is None or monitor.record.child is None:
            return None
        used = self._machine.confinement.usage(self.key) or usage_of(processes_below(monitor.record.child.pid))
        return InstanceUsage(self.spec.revision_id, self.ordinal, monitor.record.started, used.cpu_ms, used.memory)

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
        """See Writer.let_write: at once where no file is open for writing, else by starting the process anew."""
        inside = self.inside
        if inside is None or self._is_to_begin_anew:
            return
        if self.is_writing is not None:
            self._machine.note(self._folder, why)
        folders = [mount.target for mount in self.spec.mounts if mount.is_writable]
        if await self._machine.remount(inside, folders, is_writable=is_allowed):
            self.is_writing = is_allowed
        else:
            self._is_to_begin_anew = True
            self._changed.set()

    def replace_hanging(self, seconds: float) -> None:
        """See Server.replace_hanging; it counts as an end by itself."""
        self._note(f"ended: it did not accept a connection for {seconds:.0f} s. It is started again.")
        self._hangs = True
        self._changed.set()

    def end_if_it_hoards(self) -> None:
        """See Machine.end_hoarder."""
        if self._monitor is not None:
            self._machine.end_hoarder(self._folder, self._monitor)

    async def look_at_layer(self) -> None:
        """Find out what it has written beside its code."""
        if self._layer is not None:
            await self._layer.look(self._note)

    def note_memory_kills(self) -> None:
        """Say in its log when a process was ended for memory, also when the application goes on without it."""
        kills = self._machine.confinement.memory_kills(self.key)
        if self._monitor is not None and kills > self._known_kills:
            self._machine.note_memory(self._folder, self.key, self.spec.limits)
        self._known_kills = kills

    def update(self, spec: RevisionSpec) -> None:
        """A newer order for it; it is started again only if it must be."""
        self.spec = spec
        self._changed.set()

    def end(self) -> None:
        """It is not wanted any more."""
        self._is_unwanted = True
        self._changed.set()

    async def ended(self) -> None:
        """Waits until nothing of it is left."""
        await asyncio.shield(self._task)

    async def forget(self) -> None:
        """The agent ends; the process goes on."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _live_on(self) -> None:
        """A fault of the agent's own must not lose an instance: it is begun anew from what is on disk."""
        is_over = False
        while not is_over:
            try:
                await self._live()
                is_over = True
            except Exception:
                logger.exception("The care for instance %s failed; it is taken up again.", self.key)
                await asyncio.sleep(FAULT_SECONDS)
        self._on_end(self)

    async def _live(self) -> None:
        monitor = await self._adopt()
        if monitor is None:
            self.is_known.set()
        while not self._is_unwanted:
            if monitor is None:
                monitor = await self._start()
            if monitor is not None and await self._watch(monitor):
                monitor = None  # it was ended because it must be started in another way
                continue
            if not self._is_unwanted:
                await self._crashed(monitor)
                monitor = None
        self.state = InstanceState.STOPPING
        if monitor is not None:
            await monitor.stop(self.spec.grace_seconds)
        await self._end_layer()
        await self._machine.end_log(self._folder)
        for name in ("run.json", "history.json"):
            (self._folder / name).unlink(missing_ok=True)
        await self._machine.release(self.key, keeps_place=self._machine.is_closing)

    async def _adopt(self) -> Monitor | None:
        """What the agent before left running, or an account of how it ended meanwhile."""
        monitor = Monitor.read(self._folder)
        history = read_json(self._folder / "history.json")
        if monitor is None and history is not None:
            self._history.recall(history)
        if monitor is None or not monitor.is_of_this_boot:
            return None
        self._history.recall(monitor.record.extra)
        self._place = await self._machine.take_place(self.key)
        if not monitor.is_running:
            await monitor.kill()
            if not self._is_unwanted:
                await self._crashed(monitor)
            return None
        is_elsewhere = monitor.record.extra["place"] != [self._place.address, self._place.port]
        is_other = is_elsewhere or monitor.record.extra["digest"] != digest_of(self.spec)
        if is_other and not self._is_unwanted:
            await monitor.stop(self.spec.grace_seconds)
            return None
        self._machine.follow_log(self._folder, self.log, LIMIT_BYTES, is_stamped=True)
        monitor.go_on()
        logger.info("Took over instance %s of '%s'.", self.ordinal, self.spec.name)
        return monitor

    async def _start(self) -> Monitor | None:
        self.state = InstanceState.STARTING
        spec = self.spec
        try:
            self._place = await self._machine.take_place(self.key)
            place = [self._place.address, self._place.port]
            kills = self._machine.confinement.memory_kills(self.key)
            extra = {"digest": digest_of(spec), "place": place, "memory_kills": kills, **self._history.as_data()}
            mounts = self._machine.storage.as_allowed(spec.owner, spec.mounts)
            self.is_writing = mounts == spec.mounts
            job = Job(
                key=self.key,
                folder=self._folder,
                owner=spec.owner,
                command=spec.command,
                env=environment(
                    spec.env,
                    host=self._place.host,
                    port=self._place.port,
                    instance_id=instance_id(self._machine.mark, spec.revision_id, self.ordinal),
                ),
                mounts=(Mount(spec.app, APP, is_writable=False), *mounts),
                directory=APP,
                limits=spec.limits,
                log=self.log,
                log_limit=LIMIT_BYTES,
                is_log_stamped=True,
                largest_file=self._machine.storage.largest_file(spec.owner),
                place=self._place,
            )
            return await self._machine.start(job, extra)
        except OSError as error:
            logger.warning("Instance %s of '%s' could not be started: %s", self.ordinal, spec.name, error)
            return None

    async def _watch(self, monitor: Monitor) -> bool:
        """Returns when the process has ended by itself or is unwanted (False), or was ended for a new spec (True)."""
        self._monitor = monitor
        self._hangs = False
        self._layer = Layer.of(monitor.record.monitor, self._folder)
        end = asyncio.ensure_future(monitor.wait())
        listening = asyncio.ensure_future(self._listens(monitor))
        try:
            while True:
                change = asyncio.ensure_future(self._changed.wait())
                try:
                    await asyncio.wait({end, change}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    change.cancel()
                self._changed.clear()
                if self._is_unwanted or end.done():
                    return False
                if self._hangs:
                    self.state = InstanceState.BACKOFF
                    listening.cancel()
                    await monitor.stop(SHORT_GRACE_SECONDS)
                    return False
                if self._is_to_begin_anew or monitor.record.extra["digest"] != digest_of(self.spec):
                    self.state = InstanceState.STARTING
                    listening.cancel()
                    await monitor.stop(SHORT_GRACE_SECONDS if self._is_to_begin_anew else self.spec.grace_seconds)
                    self._is_to_begin_anew = False
                    await self._end_layer()
                    return True
        finally:
            self._monitor = None
            listening.cancel()
            end.cancel()
            await asyncio.gather(listening, end, return_exceptions=True)

    async def _listens(self, monitor: Monitor) -> None:
        address, port = monitor.record.extra["place"]
        await wait_until_listening(address, port)
        self.state = InstanceState.RUNNING
        self.is_known.set()

    async def _end_layer(self) -> None:
        if self._layer is not None:
            layer, self._layer = self._layer, None
            await layer.end(self._note)

    def _note(self, text: str) -> None:
        self._machine.note(self._folder, text)

    async def _crashed(self, monitor: Monitor | None) -> None:
        await self._end_layer()
        await self._machine.end_log(self._folder)
        if monitor is None:
            delay = self._history.add(NOT_STARTED, EndReason.NONE, 0.0)
        else:
            delay = self._history.add(monitor.exit_code, self._reason_of(monitor), monitor.ran_seconds)
        self.state = InstanceState.BACKOFF
        logger.warning(
            "Instance %s of '%s' ended with code %s; it is started again in %s s.",
            self.ordinal,
            self.spec.name,
            self._history.exit_code,
            delay,
        )
        if monitor is not None:
            self._remember()
        try:
            async with asyncio.timeout(delay):
                while not self._is_unwanted:
                    await self._changed.wait()
                    self._changed.clear()
        except TimeoutError:
            return

    def _reason_of(self, monitor: Monitor) -> EndReason:
        if self._hangs:
            return EndReason.HANG
        kills = self._machine.confinement.memory_kills(self.key)
        if kills <= monitor.record.extra.get("memory_kills", kills):
            return EndReason.NONE
        return self._machine.memory_reason(self.key)

    def _remember(self) -> None:
        """So that an agent that is killed during the wait does not count the same end twice."""
        (self._folder / "run.json").unlink(missing_ok=True)
        try:
            write_json(self._folder / "history.json", self._history.as_data(), is_durable=False)
        except OSError as error:
            logger.warning("The history of instance %s could not be written: %s", self.key, error)
