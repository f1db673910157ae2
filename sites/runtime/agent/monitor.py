"""One sandbox that runs: bubblewrap outside, the init of its pid namespace inside, the site's process below."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from sites.runtime.agent import identity
from sites.runtime.agent.files import read_json, write_json
from sites.runtime.agent.identity import Identity, identify
from sites.runtime.agent.oom import SPARED, set_oom_score
from sites.runtime.agent.sandbox import Mode
from sites.runtime.agent.spawn import Order, open_gate, read_status, spawn
from sites.runtime.agent.waiting import boot_seconds, collect, wait_for_end

KILLED = 128 + signal.SIGKILL
NOT_STARTED = 126
SETUP_SECONDS = 15.0
RETRY_SECONDS = 0.02
SHELLS = ("sh", "dash", "bash", "ash", "busybox", "npm", "npm start")
"""They end at SIGTERM without telling the server that they started."""
FINISHING = {"lighttpd": signal.SIGINT, "nginx": signal.SIGQUIT, "php-fpm": signal.SIGQUIT}
"""Servers that finish their requests at another signal, and break them off at SIGTERM."""
RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """What is known on disk of a sandbox, in run.json."""

    monitor: Identity
    child: Identity | None
    mode: Mode
    started: float
    """Seconds since boot."""
    extra: dict[str, Any]
    """Of the owner of the record."""


class Monitor:
    """A sandbox that was started by this agent or by the one before."""

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder = folder
        self.record = record

    @classmethod
    async def start(cls, order: Order, confine: Callable[[int], None], extra: dict[str, Any]) -> Self | None:
        """Starts, limits and records a sandbox, then lets it go on; None when it ended before that."""
        pid = spawn(order)
        outside = identify(pid)
        if outside is None:
            collect(pid)
            return None
        deadline = boot_seconds() + SETUP_SECONDS
        child_pid = None
        while child_pid is None and boot_seconds() < deadline and identify(pid) == outside:
            await asyncio.sleep(0.002)
            child_pid = read_status(order.folder).get("child-pid")
        child = identify(child_pid) if child_pid is not None else None
        if child is None:
            identity.send(outside, signal.SIGKILL)
            await wait_for_end(outside, 2.0)
            collect(pid)
            return None
        monitor = cls(order.folder, Record(outside, child, order.view.mode, boot_seconds(), extra))
        try:
            confine(child.pid)
            set_oom_score(pid, SPARED)
            write_json(
                order.folder / "run.json", {"version": RECORD_VERSION, **asdict(monitor.record)}, is_durable=False
            )
        except OSError:
            await monitor.kill()
            raise
        open_gate(order.folder)
        return monitor

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What was recorded in that folder, whether it still runs or not."""
        data = read_json(folder / "run.json")
        if data is None or data.pop("version", None) != RECORD_VERSION:
            return None
        child = Identity(**data["child"]) if data["child"] else None
        monitor = Identity(**data["monitor"])
        return cls(folder, Record(monitor, child, Mode(data["mode"]), data["started"], data["extra"]))

    @property
    def is_running(self) -> bool:
        """True while the monitor lives; what is left inside without it is not a running instance."""
        return self.record.monitor.boot == identity.boot_id() and (
            identify(self.record.monitor.pid) == self.record.monitor
        )

    @property
    def is_of_this_boot(self) -> bool:
        """False after a reboot, when nothing that was recorded can still be true."""
        return self.record.monitor.boot == identity.boot_id()

    @property
    def ran_seconds(self) -> float:
        """Since the start."""
        return boot_seconds() - self.record.started

    @property
    def exit_code(self) -> int:
        """Of the site's process; 137 when the monitor was killed and nobody saw it."""
        return read_status(self.folder).get("exit-code", KILLED)

    def go_on(self) -> None:
        """Opens the gate again, for a sandbox whose agent died just before it did."""
        open_gate(self.folder)

    async def wait(self, timeout_seconds: float | None = None) -> bool:
        """Waits for the monitor's end and clears away what is left; False when the time was over first."""
        if not await wait_for_end(self.record.monitor, timeout_seconds):
            return False
        await self.kill()
        return True

    async def stop(self, grace_seconds: float) -> None:
        """SIGTERM to the site's process (or its own signal), the grace, then the end of everything inside."""
        deadline = boot_seconds() + grace_seconds
        # One that has only just been started has nobody inside yet who could be told
        while not self._terminate() and boot_seconds() < deadline:
            await asyncio.sleep(RETRY_SECONDS)
        await wait_for_end(self.record.child, max(0.0, deadline - boot_seconds()))
        await self.kill()

    async def kill(self) -> None:
        """Ends everything inside at once, then the monitor; harmless when all have ended."""
        child = self.record.child
        identity.send(child, signal.SIGKILL)
        if self.record.mode is Mode.NONE and child is not None and identify(child.pid) in (None, child):
            _kill_group(child.pid)
        await wait_for_end(child, 5.0)
        # It writes the exit code and ends by itself, unless something inside has stopped it
        if not await wait_for_end(self.record.monitor, 2.0):
            identity.send(self.record.monitor, signal.SIGKILL)
            await wait_for_end(self.record.monitor, 2.0)
        collect(self.record.monitor.pid)

    def _terminate(self) -> bool:
        """False when there is nobody to tell yet."""
        child = self.record.child
        if child is None or identify(child.pid) != child:
            return True
        first = [child.pid] if self.record.mode is Mode.NONE else identity.children_of(child.pid)
        for pid in first:
            for target in _to_be_told(pid):
                identity.send(identify(target), FINISHING.get(identity.command_name(target), signal.SIGTERM))
        return bool(first)


def _to_be_told(pid: int) -> list[int]:
    """The process, and below a shell those that it started."""
    below = identity.children_of(pid) if identity.command_name(pid) in SHELLS else []
    return [pid, *(each for child in below for each in _to_be_told(child))]


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
