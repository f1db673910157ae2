"""`up`: brings every part up as soon as what it needs is there, keeps it up, and takes it down in order."""

import asyncio
import os
import time
import traceback
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from django.conf import settings

from sites.errors import GreenroomError
from sites.logs.pump import Pump
from sites.runtime.agent.own_networks import give_up_block
from sites.supervisor.address import address
from sites.supervisor.component import DATABASE, Component
from sites.supervisor.components import agent_speaks_otherwise, components
from sites.supervisor.control import serve
from sites.supervisor.errand import run_errand
from sites.supervisor.former import former_name
from sites.supervisor.journal import Journal
from sites.supervisor.keeper import Keeper, StartFailed
from sites.supervisor.lock import Holder, UpLock
from sites.supervisor.order import in_order
from sites.supervisor.orphans import Orphans, collect_orphans
from sites.supervisor.ports import check_port
from sites.supervisor.preparation import check_data_version, make_folders
from sites.supervisor.records import read_record
from sites.supervisor.resume import Resume, replace_self
from sites.supervisor.signals import Signals
from sites.supervisor.sockets import inherit, listen
from sites.supervisor.systemd import report_to_watchdog, tell_systemd, writes_to_journal

STOP_ORDER = (
    ("beat", "worker-control", "worker-work", "web", "envoy"),
    ("agent", "xds", "guard", "redis", "forkserver"),
)
TOGETHER = ("worker-control", "worker-work", "beat")
REAP_SECONDS = 60


class Supervisor:
    """One run of `up`."""

    def __init__(self, *, isolation: str, resume: Resume | None = None) -> None:
        """`isolation` is the level found (strong, partial or none).

        `resume` is what the former code of this process left, when it has replaced itself.
        """
        self._isolation = isolation
        self._journal = Journal(settings.LOG_DIR / "up.log")
        self._pump = Pump()
        self._lock = UpLock(settings.RUN_DIR)
        self._resume = resume
        self._since = self._resume.since if self._resume else time.time()
        self._restarts = self._resume.restarts if self._resume else 0
        self._keepers: dict[str, Keeper] = {}
        self._state = "starting"
        self._failure = ""
        self._signals = Signals()
        self._restart = asyncio.Event()

    async def run(self) -> int:
        """Bring all up, keep it so until a signal, take it down; returns the exit code. Raises Refused."""
        closed = make_folders(self._isolation)
        if closed:
            self._journal.say("up", f"closed {closed} files of the data folder that other users could read")
        self._lock.take(inherited=self._resume.lock if self._resume else None)
        try:
            check_data_version()
            if self._resume is None:
                for port in filter(None, (settings.PORT, settings.TLS_PORT)):
                    check_port(settings.LISTEN, port, ours=self._adoptable_routers())
        except GreenroomError:
            self._lock.release()
            raise
        self._lock.announce(self._holder())
        collect_orphans()
        web = inherit(self._resume.web_socket) if self._resume else listen(settings.WEB_SOCKET)
        parts = components(isolation=self._isolation, web_socket=web.fileno())
        self._keepers = {part.name: self._keeper(part) for part in parts}
        self._signals.listen()
        server = await serve(settings.RUN_DIR / "up.sock", self._answer)
        aside = [asyncio.create_task(work) for work in (report_to_watchdog(), self._reap())]
        code = 0
        try:
            if await self._unless_stopped(self._resumed() if self._resume else self._started()):
                await self._wait()
        except StartFailed as error:
            code = 1
            log = "up" if str(error) == DATABASE else error
            self._journal.say("up", f"{error} did not come up, so everything is stopped again; see logs/{log}.log")
        except Exception as error:
            code = 1
            self._journal.say(
                "up", "ended by a fault of its own:", "".join(traceback.format_exception(error)).splitlines()
            )
        for task in aside:
            task.cancel()
        if self._restart.is_set() and not self._signals.stop.is_set() and not code:
            self._hand_over(web.fileno())
        tell_systemd("STOPPING=1")
        server.close()
        await self._take_down()
        self._pump.close()
        web.close()
        settings.WEB_SOCKET.unlink(missing_ok=True)
        (settings.RUN_DIR / "up.sock").unlink(missing_ok=True)
        self._lock.release()
        self._journal.say("up", "stopped")
        return code

    async def _started(self) -> None:
        """The first start: each part as soon as what it needs answers."""
        began = time.monotonic()
        works = {name: (one.component.after, one.bring_up) for name, one in self._keepers.items()}
        await in_order({DATABASE: (("forkserver",), self._prepare_database), **works})
        await self._announce_ready(f"everything is up after {time.monotonic() - began:.1f} s")

    async def _resumed(self) -> None:
        """After a restart: everything runs; the control plane is replaced one part after another."""
        self._state = "restarting"
        for keeper in self._keepers.values():
            await self._attempt(keeper, keeper.bring_up(adopt_any=True))
        await self._attempt(self._keepers["forkserver"], self._keepers["forkserver"].restart())
        agent = self._keepers["agent"]
        if agent.is_outdated or await asyncio.to_thread(agent_speaks_otherwise):
            await self._attempt(agent, agent.replace())
        try:
            await self._prepare_database()
        except StartFailed:
            self._failure = "The tables could not be brought up to date, so the former control plane goes on."
        else:
            for keeper in self._running("xds", "guard", "web"):
                await self._attempt(keeper, keeper.restart())
            workers = self._running(*TOGETHER)
            await self._together(self._attempt(keeper, keeper.restart()) for keeper in workers)
            for keeper in self._running("envoy"):  # last: the xDS server has to know that there are two
                if keeper.is_outdated:
                    await self._attempt(keeper, keeper.hand_over())
        await self._announce_ready("the control plane runs the present code; the sites went on serving")

    def _running(self, *names: str) -> list[Keeper]:
        """Those of the parts that are ours."""
        return [self._keepers[name] for name in names if name in self._keepers]

    async def _attempt(self, keeper: Keeper, work: Coroutine[Any, Any, None]) -> None:
        """A part that fails in a restart is tried again like one that died; the sites must not suffer."""
        try:
            await work
        except StartFailed:
            self._failure = f"{keeper.name} did not come up with the present code and is tried again."
            keeper.watch()

    async def _prepare_database(self) -> None:
        try:
            outcome = await run_errand("prepare")
        except OSError as error:
            self._journal.say(DATABASE, f"could not be prepared: {error}")
            raise StartFailed(DATABASE) from error
        if outcome.exit_code:
            self._journal.say(DATABASE, "could not be prepared:", outcome.lines)
            raise StartFailed(DATABASE)
        self._journal.say(DATABASE, *outcome.lines[-1:])

    async def _announce_ready(self, text: str) -> None:
        if self._failure:
            self._state = "restart failed"
            self._journal.say("up", f"{self._failure} The sites go on serving.")
            return
        self._journal.say("up", text)
        self._journal.write(f"\n  {address()}")
        line = await self._sign_in_line()
        self._journal.show(f"  {line}\n" if line else "")
        self._state = "ready"
        tell_systemd("READY=1")

    async def _sign_in_line(self) -> str:
        """The way into the portal while no administrator can sign in, else nothing."""
        outcome = await run_errand("welcome", *(["--without-link"] if writes_to_journal() else []))
        return " ".join(outcome.lines)

    async def _together(self, starts: Any) -> None:
        results = await asyncio.gather(*starts, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _unless_stopped(self, work: Any) -> bool:
        """Do `work` until it is done (True) or a signal arrives (False)."""
        task = asyncio.create_task(work)
        stopped = asyncio.create_task(self._signals.stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if task.done():
            task.result()
            return True
        task.cancel()
        with suppress(asyncio.CancelledError, StartFailed):
            await task
        return False

    async def _wait(self) -> None:
        waiting = [asyncio.create_task(event.wait()) for event in (self._signals.stop, self._restart)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    def _hand_over(self, web_socket: int) -> None:
        self._journal.say("up", "restarting the control plane; the sites go on serving")
        for keeper in self._keepers.values():
            keeper.let_watch_go()
        self._pump.close()
        replace_self(Resume(self._lock.hand_over(), web_socket, self._restarts + 1, self._since, self._isolation))

    async def _take_down(self) -> None:
        self._state = "stopping"
        self._journal.say("up", "stopping everything in order; a second Ctrl-C hurries")
        for names in STOP_ORDER:
            await self._together(self._stop_part(keeper) for keeper in self._running(*names))
        await asyncio.to_thread(give_up_block, settings.INSTANCE_DIR)

    async def _stop_part(self, keeper: Keeper) -> None:
        began = time.monotonic()
        ran = keeper.process is not None
        await keeper.stop(self._signals.hurry)
        if ran:
            self._journal.say(keeper.name, f"stopped after {time.monotonic() - began:.1f} s")

    async def _reap(self) -> None:
        orphans = Orphans()
        while True:
            await asyncio.sleep(REAP_SECONDS)
            orphans.reap()

    async def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        if message.get("command") == "restart" and self._state in ("ready", "restart failed"):
            self._restart.set()
        return {
            "state": self._state,
            "failure": self._failure,
            "restarts": self._restarts,
            "since": self._since,
            "processes": {
                name: {"pid": keeper.process_id, "restarts": keeper.restarts} for name, keeper in self._keepers.items()
            },
        }

    def _adoptable_routers(self) -> set[int]:
        records = [read_record(settings.RUN_DIR, name) for name in ("envoy", former_name("envoy"))]
        return {record.identity.pid for record in records if record and record.identity.is_alive()}

    def _holder(self) -> Holder:
        listen_on = tuple(settings.LISTEN)
        return Holder(os.getpid(), self._since, address(), settings.PORT, listen_on, self._isolation)

    def _keeper(self, part: Component) -> Keeper:
        return Keeper(
            part,
            self._journal,
            self._pump,
            run_dir=settings.RUN_DIR,
            log_dir=settings.LOG_DIR,
            folder=settings.BASE_DIR,
            fork_server=None if part.name == "forkserver" else settings.FORK_SOCKET,
        )
