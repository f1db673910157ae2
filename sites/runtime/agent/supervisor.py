"""The wanted revisions and runs of this machine, kept on disk, and the instances that follow them."""

import asyncio
import logging
import re
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sites.disk import trees
from sites.errors import StaleOrder
from sites.logs.files import tail
from sites.logs.following import read_on
from sites.logs.stamps import parted
from sites.runtime import codec
from sites.runtime.agent import cut, identity, listeners, waiting
from sites.runtime.agent.files import read_json, write_json
from sites.runtime.agent.hanging import Lookout
from sites.runtime.agent.instance import Instance
from sites.runtime.agent.machine import Machine
from sites.runtime.agent.monitor import Monitor
from sites.runtime.agent.probes import Probes
from sites.runtime.agent.run import Run
from sites.runtime.agent.spawn import output_pipe
from sites.runtime.agent.storage import LOOK_SECONDS
from sites.runtime.spec import (
    FolderUse,
    InstanceStatus,
    InstanceUsage,
    MachineLimits,
    OutputOrder,
    OutputPiece,
    RevisionSpec,
    RunSpec,
    RunState,
    RunStatus,
)

TIDY_SECONDS = 60.0
TAKE_OVER_SECONDS = 2.0
"""How long instances of the former agent may keep the new one waiting; they may answer nobody any more."""
KEEP_SECONDS = 7 * 24 * 3600.0
"""Logs of a revision that runs nothing any more, and the highest generation that was seen of it."""
MAX_OUTPUT_BYTES = 8 * 1024 * 1024
"""Of one log, in one answer."""
RUN_ID = re.compile(r"[A-Za-z0-9-]{1,100}")

logger = logging.getLogger(__name__)
T = TypeVar("T")


class NoRoom(Exception):
    """The machine has no memory for more instances."""


def _read(path: Path, decode: Callable[[dict[str, Any]], T]) -> T | None:
    """An order that is broken, or that a newer Greenroom wrote, must not keep the others from being followed."""
    try:
        data = read_json(path)
        return None if data is None else decode(data)
    except (KeyError, TypeError):
        logger.exception("%s is not understood and was left alone.", path)
        return None


class Supervisor:
    """Declarative: whatever is asked may be asked again."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._revisions: dict[int, RevisionSpec] = {}
        self._instances: dict[tuple[int, int], Instance] = {}
        self._runs: dict[str, Run] = {}
        self.probes = Probes(self._locate)

    async def load(self) -> None:
        """Takes over what the agent before left: specs, running instances and runs; ends what nobody recorded.

        Returns when it is known which of them run: nobody is to hear of one that runs that it is only starting.
        """
        revisions = self.machine.state / "revisions"
        for folder in sorted(revisions.glob("*/wanted.json")):
            spec = _read(folder, codec.revision_spec)
            if spec is not None:
                self._revisions[spec.revision_id] = spec
        left = {(int(f.parent.parent.name), int(f.parent.name)) for f in revisions.glob("*/*/run.json")}
        runs = {spec.run_id: spec for spec in self._stored_runs()}
        await self._end_unrecorded()
        keys = {f"{revision}/{ordinal}" for revision, ordinal in left}
        keys |= {f"{spec.revision_id}/{ordinal}" for spec in self._revisions.values() for ordinal in range(spec.count)}
        keys |= {f"run/{run_id}" for run_id in runs if not (self._run_folder(run_id) / "result.json").exists()}
        await asyncio.to_thread(self.machine.places.keep_only, keys)
        for revision_id, ordinal in sorted(left):
            if revision_id in self._revisions:
                self._add(self._revisions[revision_id], ordinal)
        for spec in self._revisions.values():
            self._follow(spec)
        self._runs = {run_id: Run(self.machine, spec, self._run_folder(run_id)) for run_id, spec in runs.items()}
        with suppress(TimeoutError):
            async with asyncio.timeout(TAKE_OVER_SECONDS):
                for key in left & self._instances.keys():
                    await self._instances[key].is_known.wait()

    def apply(self, spec: RevisionSpec) -> None:
        """Makes a spec the wanted one. Raises StaleOrder for a lower generation, NoRoom when its instances
        would exceed the memory of the machine, OSError when it cannot be kept."""
        present = self._revisions.get(spec.revision_id)
        if present is not None and spec.generation < present.generation:
            raise StaleOrder(what=f"'{spec.name}'")
        if spec.count > (present.count if present else 0):
            self._ensure_room(spec)
            if present is None:
                self.machine.storage.give_grace(spec.owner)
        if spec != present:
            write_json(self._folder(spec.revision_id) / "wanted.json", codec.encode(spec))
            self._revisions[spec.revision_id] = spec
        self._follow(spec)

    def observe(self, revision_ids: Iterable[int] | None = None) -> list[InstanceStatus]:
        """The instances of these revisions, or all."""
        ids = None if revision_ids is None else set(revision_ids)
        return [
            instance.status()
            for (revision_id, _), instance in sorted(self._instances.items())
            if ids is None or revision_id in ids
        ]

    def usage(self, revision_ids: set[int]) -> list[InstanceUsage]:
        """What the instances of these revisions that run have used; may be called from a thread."""
        instances = [one for (owner, _), one in list(self._instances.items()) if owner in revision_ids]
        return [found for one in instances if (found := one.usage()) is not None]

    def log_tail(self, revision_id: int, ordinal: int, lines: int) -> list[str]:
        """The last lines of one instance."""
        folder = self._folder(revision_id) / str(ordinal)
        self.machine.logs.catch_up(output_pipe(folder))
        return [parted(line)[1] for line in tail(folder / "log", lines)]

    def read_output(self, order: OutputOrder) -> list[OutputPiece]:
        """What the instances of some revisions have written since given positions."""
        pieces = []
        for revision_id in order.revision_ids:
            for ordinal in sorted({int(log.parent.name) for log in self._folder(revision_id).glob("*/log*")}):
                log = self._folder(revision_id) / str(ordinal) / "log"
                position = order.positions.get(f"{revision_id}/{ordinal}", "")
                piece = read_on(log, position, max_bytes=min(order.max_bytes, MAX_OUTPUT_BYTES))
                text = piece.data.decode(errors="replace")
                pieces.append(OutputPiece(revision_id, ordinal, text, piece.position, piece.left_out))
        return pieces

    def listening(self, revision_id: int, ordinal: int) -> list[str]:
        """Where one instance listens; nowhere while it does not run."""
        instance = self._instances.get((revision_id, ordinal))
        inside = instance.inside if instance else None
        return listeners.listening(inside) if inside is not None else []

    async def cut(self, revision_id: int, fraction: float) -> int:
        """Cuts that part of the connections to a revision's instances; returns how many."""
        if not self.machine.isolation.has_own_network:
            return 0
        ends = [
            (instance.address, instance.port)
            for (owner, _), instance in self._instances.items()
            if owner == revision_id and instance.address
        ]
        return await asyncio.to_thread(cut.cut_connections, ends, fraction)

    def start_run(self, spec: RunSpec) -> None:
        """Starts a command unless its id was used before. Raises ValueError for a bad id, OSError as `apply`."""
        if not RUN_ID.fullmatch(spec.run_id):
            raise ValueError(f"'{spec.run_id}' is no id of a run.")
        if spec.run_id not in self._runs:
            folder = self._run_folder(spec.run_id)
            write_json(folder / "spec.json", codec.encode(spec))
            if not spec.disk_bytes:
                self.machine.storage.give_grace(spec.owner)
            self._runs[spec.run_id] = Run(self.machine, spec, folder)

    def observe_run(self, run_id: str) -> RunStatus:
        """How far a command is."""
        run = self._runs.get(run_id)
        return run.status() if run is not None else RunStatus(run_id, RunState.UNKNOWN)

    async def end_run(self, run_id: str) -> None:
        """Ends and forgets a command."""
        run = self._runs.get(run_id)
        if run is not None:
            await run.end()
            if self._runs.pop(run_id, None) is not None:
                await asyncio.to_thread(trees.remove, self._run_folder(run_id))

    def keep_limits(self, limits: MachineLimits) -> list[FolderUse]:
        """These hold from now on; what is known of the folders. Raises OSError when they cannot be kept."""
        self.machine.storage.keep(limits)
        self.machine.confinement.bound(limits.memory_mb)
        return self.machine.storage.uses()

    @property
    def counts(self) -> dict[str, int]:
        """For the status page."""
        return {
            "revisions": sum(1 for spec in self._revisions.values() if spec.count),
            "instances": len(self._instances),
            "runs": sum(1 for run in self._runs.values() if run.is_running),
        }

    async def tidy(self) -> None:
        """For ever: forgets revisions that ended long ago."""
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            self._forget_old()

    async def watch(self) -> None:
        """For ever: ends who hoards memory, keeps folders within their quota, and says what the kernel has ended."""
        while True:
            try:
                running = [run for run in self._runs.values() if run.is_running]
                sandboxes: list[Instance | Run] = [*self._instances.values(), *running]
                for sandbox in sandboxes:
                    sandbox.end_if_it_hoards()
                await self.machine.storage.look(sandboxes)
                for instance in list(self._instances.values()):
                    instance.note_memory_kills()
                    await instance.look_at_layer()
            except Exception:
                logger.exception("A look at the folders and processes failed; the next one follows.")
            await asyncio.sleep(LOOK_SECONDS)

    async def watch_for_hangs(self) -> None:
        """For ever: has instances replaced that hang."""
        await Lookout().keep_looking(
            lambda: list(self._instances.values()), lambda: self.machine.storage.limits.patience_seconds
        )

    async def stop_all(self) -> None:
        """Ends every instance and run gracefully, all at the same time; they stay wanted."""
        self.machine.is_closing = True
        instances = list(self._instances.values())
        for instance in instances:
            instance.end()
        await asyncio.gather(*(item.ended() for item in instances), *(run.end() for run in self._runs.values()))

    async def leave(self) -> None:
        """The agent ends; instances and runs go on."""
        await self.probes.close()
        instances = [item.forget() for item in self._instances.values()]
        await asyncio.gather(*instances, *(run.forget() for run in self._runs.values()))

    def _locate(self, revision_id: int, ordinal: int) -> tuple[str, int] | None:
        instance = self._instances.get((revision_id, ordinal))
        return (instance.address, instance.port) if instance is not None and instance.address else None

    def _ensure_room(self, spec: RevisionSpec) -> None:
        """The last look at the sum of all limits; whoever asked has looked before, but others may have asked, too."""
        limits = self.machine.storage.limits
        others = [one for one in self._revisions.values() if one.revision_id != spec.revision_id]
        wanted = sum(one.count * one.limits.memory_mb for one in (*others, spec))
        if limits.overcommit and wanted > limits.memory_mb * limits.overcommit:
            raise NoRoom(
                f"with them all instances may use {wanted:,} MB of memory, and {limits.overcommit} times "
                f"{limits.memory_mb:,} MB are the limit"
            )

    def _folder(self, revision_id: int) -> Path:
        return self.machine.state / "revisions" / str(revision_id)

    def _run_folder(self, run_id: str) -> Path:
        return self.machine.state / "runs" / run_id

    def _stored_runs(self) -> list[RunSpec]:
        stored = (_read(path, codec.run_spec) for path in (self.machine.state / "runs").glob("*/spec.json"))
        return [spec for spec in stored if spec is not None]

    def _add(self, spec: RevisionSpec, ordinal: int) -> Instance:
        folder = self._folder(spec.revision_id) / str(ordinal)
        instance = Instance(self.machine, spec, ordinal, folder, self._ended)
        self._instances[spec.revision_id, ordinal] = instance
        return instance

    def _follow(self, spec: RevisionSpec) -> None:
        for (revision_id, ordinal), instance in list(self._instances.items()):
            if revision_id == spec.revision_id:
                instance.update(spec)
                if ordinal >= spec.count:
                    instance.end()
        for ordinal in range(spec.count):
            if (spec.revision_id, ordinal) not in self._instances:
                self._add(spec, ordinal)

    def _ended(self, instance: Instance) -> None:
        """It may have been wanted again while it was ending."""
        self._instances.pop((instance.spec.revision_id, instance.ordinal), None)
        if not self.machine.is_closing:
            self._follow(self._revisions[instance.spec.revision_id])

    async def _end_unrecorded(self) -> None:
        known: set[int] = set()
        state = self.machine.state
        for path in (*state.glob("revisions/*/*/run.json"), *state.glob("runs/*/run.json")):
            monitor = Monitor.read(path.parent)
            if monitor is not None and monitor.is_of_this_boot:
                known.add(monitor.record.monitor.pid)
                known |= {monitor.record.child.pid} if monitor.record.child else set()
        for who in self.machine.unrecorded(known):
            logger.warning("Ended process %s, which a former agent started and could not record.", who.pid)
            identity.send(who, signal.SIGKILL)
            await waiting.wait_for_end(who, 2.0)

    def _forget_old(self) -> None:
        for revision_id, spec in list(self._revisions.items()):
            wanted = self._folder(revision_id) / "wanted.json"
            is_idle = spec.count == 0 and all(owner != revision_id for owner, _ in self._instances)
            if is_idle and wanted.exists() and time.time() - wanted.stat().st_mtime > KEEP_SECONDS:
                del self._revisions[revision_id]
                trees.remove(self._folder(revision_id))
