"""This machine as the agent uses it: where sandboxes get their place, limits, accounts and filter."""

import asyncio
import errno
import hashlib
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sites.disk import trees
from sites.logs import files
from sites.logs.pump import Pump, make_pipe
from sites.logs.stamps import stamp
from sites.runtime.agent import identity, layers, remount, spawn
from sites.runtime.agent.background import step_back
from sites.runtime.agent.confinement import Confinement
from sites.runtime.agent.isolation import Isolation
from sites.runtime.agent.monitor import Monitor
from sites.runtime.agent.name_servers import find_name_servers, resolver_file, write_resolver
from sites.runtime.agent.network import Place, Places, SharedNetwork
from sites.runtime.agent.oom import BUILD, SITE, set_oom_score
from sites.runtime.agent.own_networks import OwnNetworks, Reach
from sites.runtime.agent.sandbox import (
    PROGRAMS,
    PROGRAMS_SOURCE,
    Mode,
    View,
    default_toolchain,
    user_of,
    write_accounts,
)
from sites.runtime.agent.seccomp import build_filter
from sites.runtime.agent.socket_memory import MAX_BYTES, unread_bytes
from sites.runtime.agent.storage import Storage
from sites.runtime.spec import EndReason, Limits, Mount

ENDING_SECONDS = 2.0
LOOK_SECONDS = 10.0

OURS = str(Path(layers.__file__).parents[3])
"""Where a Python without our environment finds our modules."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One process to be started, whatever it is for."""

    key: str
    folder: Path
    owner: int
    command: tuple[str, ...]
    env: dict[str, str]
    mounts: tuple[Mount, ...]
    directory: str
    limits: Limits
    log: Path
    log_limit: int
    """In bytes."""
    largest_file: int
    """In bytes, holes included; 0: no limit."""
    place: Place | None
    """None: the network of the host, and no port in it."""
    is_log_stamped: bool = False
    """Each line of its log begins with the time."""
    in_background: bool = False
    """Stands behind others for the processor."""
    stdio: tuple[str, str, str] | None = None
    """See RunSpec.stdio."""


def translate(text: str, mounts: tuple[Mount, ...]) -> str:
    """Paths inside the sandbox as paths of the host, where there is no sandbox; also within lists joined by ':'."""
    parts = []
    for part in text.split(":"):
        for mount in sorted(mounts, key=lambda mount: len(mount.target), reverse=True):
            if part == mount.target or part.startswith(f"{mount.target}/"):
                part = mount.source + part[len(mount.target) :]
                break
        parts.append(part)
    return ":".join(parts)


def hand_over(folder: Path, uid: int) -> None:
    """Gives a writable folder to a site's user with all that is in it, unless it has been given before."""
    if folder.lstat().st_uid != uid:
        trees.give_to(folder, uid)


def mark_of(state: Path) -> str:
    """Tells what belongs to the agent of that folder from what belongs to another one of this machine."""
    return hashlib.sha256(str(state).encode()).hexdigest()[:12]


class Machine:
    """What is the same for all sandboxes of one agent."""

    def __init__(
        self, state: Path, isolation: Isolation, toolchain: tuple[str, ...], reach: Reach, confinement: Confinement
    ) -> None:
        self.state = state
        self.isolation = isolation
        self.mark = mark_of(state)
        self.confinement = confinement
        self._toolchain = tuple(dict.fromkeys((*default_toolchain(), *toolchain)))
        self._seccomp = build_filter()
        self._reach = reach
        self.places: Places = OwnNetworks(state, reach) if isolation.has_own_network else SharedNetwork(state)
        self.is_closing = False
        """Everything ends and nothing is started any more. What is wanted has the same place at the next start."""
        # ip fails now and then when two of it make namespaces, and the allocation is one file
        self._places_in_turn = asyncio.Lock()
        self.storage = Storage(state, is_enforced=isolation.mode is not Mode.NONE)
        self.confinement.bound(self.storage.limits.memory_mb)
        self.logs = Pump()

    async def start(self, job: Job, extra: dict[str, Any]) -> Monitor | None:
        """Starts a sandbox; None when it ended at once. The reason is in its log, also of what is raised: OSError."""
        try:
            return await self._start(job, extra)
        except OSError as error:
            self._say_why_not(job, error)
            raise

    async def _start(self, job: Job, extra: dict[str, Any]) -> Monitor | None:
        parts = layers.parts_of(job.mounts)
        if parts.inside and self.isolation.no_layer:
            raise OSError(
                errno.ENOTSUP, f"a folder cannot be shown at {parts.inside[0].target}: {self.isolation.no_layer}"
            )
        await asyncio.to_thread(self._prepare, job)
        self.follow_log(job.folder, job.log, job.log_limit, is_stamped=job.is_log_stamped)
        if parts.content is not None and self.isolation.no_layer:
            self.note(job.folder, f"the files of the content can only be read: {self.isolation.no_layer}.")
        order = spawn.Order(
            folder=job.folder,
            view=self._view(job, parts),
            program=self._program(job),
            netns=job.place.netns if job.place else None,
            mark=self.mark,
            seccomp=self._seccomp,
            stdio=job.stdio,
        )

        def confine(pid: int) -> None:
            self.confinement.enter(job.key, pid, job.limits, in_background=job.in_background)
            if job.largest_file:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (job.largest_file, job.largest_file))
            set_oom_score(pid, BUILD if job.in_background else SITE)
            if job.in_background:
                step_back(pid)

        return await Monitor.start(order, confine, extra)

    def _say_why_not(self, job: Job, error: OSError) -> None:
        with suppress(OSError):
            job.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            line = f"It could not be started: {error.strerror or error}\n".encode()
            mark = stamp(datetime.now(UTC)) if job.is_log_stamped else b""
            files.append(job.log, mark + line, job.log_limit)

    def follow_log(self, folder: Path, log: Path, limit: int, *, is_stamped: bool = False) -> None:
        """From now on what the sandbox of that folder writes is in its log; also for one that runs already."""
        self.logs.watch(spawn.output_pipe(folder), log, limit, is_stamped=is_stamped)

    async def end_log(self, folder: Path) -> None:
        """The sandbox has ended; what it wrote last is in its log when this returns."""
        pipe = spawn.output_pipe(folder)
        await asyncio.to_thread(self.logs.finish, pipe, is_over=True)
        pipe.unlink(missing_ok=True)

    async def remount(self, pid: int, folders: Iterable[str], *, is_writable: bool) -> bool:
        """Change how a running sandbox may use folders that it sees; False where that is not possible."""
        if self.isolation.mode is not Mode.ROOT:
            return False
        for folder in folders:
            line = [sys.executable, "-m", remount.__name__, str(pid), "rw" if is_writable else "ro", folder]
            process = await asyncio.create_subprocess_exec(*line, env={"PYTHONPATH": OURS})
            if await process.wait():
                return False
        return True

    def note(self, folder: Path, text: str) -> None:
        """A line of ours in the log of the sandbox of that folder."""
        self.logs.note(spawn.output_pipe(folder), f"[Greenroom: {text}]")

    def end_hoarder(self, folder: Path, monitor: Monitor) -> None:
        """End a sandbox that holds memory of the machine which nobody counts; see socket_memory."""
        child = monitor.record.child
        if self.isolation.has_own_network and child is not None and unread_bytes(child.pid) > MAX_BYTES:
            limit = MAX_BYTES // 1024**2
            self.note(folder, f"ended: it left more than {limit} MB of the kernel's answers unread (netlink sockets).")
            identity.send(child, signal.SIGKILL)

    def memory_reason(self, key: str) -> EndReason:
        """Why a process of that sandbox was ended when memory ran out."""
        return EndReason.MEMORY if self.confinement.has_met_limit(key) else EndReason.MACHINE

    def note_memory(self, folder: Path, key: str, limits: Limits) -> None:
        """Say it in the log of the sandbox."""
        if self.memory_reason(key) is EndReason.MEMORY:
            self.note(folder, f"a process was ended: {limits.memory_mb:,} MB of memory are the limit.")
        else:
            self.note(folder, "a process was ended: all web sites together had used the memory of this machine.")

    async def take_place(self, key: str) -> Place:
        """The place of that key, the same until it is released. Raises OSError when there is none."""
        async with self._places_in_turn:
            return await asyncio.to_thread(self.places.take, key)

    async def release(self, key: str, *, keeps_place: bool = False) -> None:
        """That sandbox has ended; for good unless it keeps its place."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDING_SECONDS):
                while not self.confinement.leave(key):
                    await asyncio.sleep(0.02)
        async with self._places_in_turn:
            await asyncio.to_thread(self.places.clear_away if keeps_place else self.places.give_back, key)

    async def look_after_places(self) -> None:
        """Until everything ends: see Places.look_after."""
        while not self.is_closing:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                async with self._places_in_turn:
                    if not self.is_closing:
                        await asyncio.to_thread(self.places.look_after)
            except OSError as error:
                logger.warning("The network of the sandboxes could not be looked after: %s", error)

    async def close_places(self) -> None:
        """Nothing runs any more; see Places.close."""
        async with self._places_in_turn:
            await asyncio.to_thread(self.places.close)

    def unrecorded(self, known: set[int]) -> list[identity.Identity]:
        """Sandboxes that a former agent started and could not record; they wait at their gate for ever."""
        if self.isolation.mode is Mode.NONE:
            return []
        wanted = f"{spawn.MARK}={self.mark}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) not in known:
                try:
                    is_ours = wanted in (entry / "environ").read_bytes().split(b"\0")
                except OSError:
                    continue
                if is_ours and (who := identity.identify(int(entry.name))) is not None:
                    found.append(who)
        return found

    def _program(self, job: Job) -> spawn.Program:
        if self.isolation.mode is not Mode.NONE:
            return spawn.Program(job.command, job.env, job.directory)
        mounts = (*job.mounts, Mount(str(PROGRAMS_SOURCE), PROGRAMS))
        home = {"HOME": str(job.folder / "home"), "TMPDIR": str(job.folder / "home")}
        return spawn.Program(
            command=tuple(translate(part, mounts) for part in job.command),
            env={name: translate(value, mounts) for name, value in job.env.items()} | home,
            directory=translate(job.directory, mounts),
        )

    def _view(self, job: Job, parts: layers.Parts) -> View:
        uid = user_of(job.owner)
        owner = uid if self.isolation.mode is Mode.ROOT else None
        layer = None if self.isolation.no_layer else layers.plan_of(parts, job.folder, job.limits, user=owner)
        return View(
            mode=self.isolation.mode,
            uid=uid,
            layer=layer,
            mounts=parts.others if layer is not None else job.mounts,
            toolchain=self._toolchain,
            accounts=str(self._accounts(uid)),
            resolver=self._resolver(),
            scratch_bytes=job.limits.memory_mb * 1024 * 1024,
        )

    def _accounts(self, uid: int) -> Path:
        return self.state / "accounts" / str(uid)

    def _resolver(self) -> str:
        if not self.isolation.has_own_network and not self._reach.name_servers:
            return str(resolver_file())
        return str(write_resolver(self.state / "accounts", find_name_servers(self._reach.name_servers)))

    def _prepare(self, job: Job) -> None:
        uid = user_of(job.owner)
        write_accounts(self._accounts(uid), uid)
        job.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        layers.place_of(job.folder).mkdir(mode=0o700, exist_ok=True)
        make_pipe(spawn.output_pipe(job.folder), uid if os.geteuid() == 0 else None)
        if self.isolation.mode is Mode.NONE:
            (job.folder / "home").mkdir(parents=True, exist_ok=True)
            for folder in (self.state, job.folder):
                folder.chmod(0o711)  # the way to its home; all files beside it are the agent's alone
        writable = [Path(mount.source) for mount in job.mounts if mount.is_writable]
        for folder in writable:
            folder.mkdir(parents=True, exist_ok=True)  # a persistent folder begins with the first process that has it
        if os.geteuid() == 0:
            home = [job.folder / "home"] if self.isolation.mode is Mode.NONE else []
            for folder in (*writable, *home):
                hand_over(folder, uid)
