"""Keeps one part of Greenroom running: starts or adopts it, waits for it, replaces it when it dies or hangs."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sites.backoff import Backoff
from sites.logs.files import tail
from sites.logs.pump import Pump, make_pipe
from sites.runtime.agent.oom import set_oom_score
from sites.supervisor.component import Component, NotReady
from sites.supervisor.forking import NotForked, fork_part
from sites.supervisor.former import Former
from sites.supervisor.journal import LOG_BYTES, Journal
from sites.supervisor.patience import Patience
from sites.supervisor.process import Process, describe_end
from sites.supervisor.records import Record, digest_of, forget_record, read_record, write_record
from sites.supervisor.watch import Watch

PROBE_SECONDS = 0.05
PROBE_SHARE = 0.05
"""Of the time that a start has taken so far. On a slow machine the questions took more of it than the start did."""
HAND_OVER_PAUSES = (0.0, 0.5, 2.0)
"""Seconds before each attempt to start a successor."""
LINES_SHOWN = 8
"""Of the log of a part that has ended."""


class StartFailed(Exception):
    """A part did not come up; its lines were told."""


class Keeper:
    """One component and its present process."""

    def __init__(
        self,
        component: Component,
        journal: Journal,
        pump: Pump,
        *,
        run_dir: Path,
        log_dir: Path,
        folder: Path,
        fork_server: Path | None = None,
    ) -> None:
        """`fork_server` is the socket of the one that starts Python parts, if there is one."""
        self.component = component
        self.process: Process | None = None
        self.restarts = 0
        self.last_hang = ""
        """What it did not do when it was last replaced for that, and when."""
        self.log = log_dir / f"{component.name}.log"
        self._journal = journal
        self._pump = pump
        self._output = run_dir / f"{component.name}.output"
        self._run_dir = run_dir
        self._folder = folder
        self._fork_server = fork_server
        self._backoff = Backoff(first_seconds=0.1, longest_seconds=15.0, steady_seconds=10.0)
        self._started = 0.0
        self._watch: asyncio.Task[None] | None = None
        self._liveness = component.liveness
        self._former = Former(component, run_dir)

    @property
    def name(self) -> str:
        """Of the component."""
        return self.component.name

    async def bring_up(self, *, adopt_any: bool = False) -> None:
        """Adopt the recorded process or start a new one, and return when it answers. Raises StartFailed.

        Only what survives `up` by design is adopted, if it was started with the same command and configuration;
        with `adopt_any`, after this `up` has replaced itself, whatever runs.
        """
        content = self.component.prepare()
        digest = digest_of(self.component.command, content)
        if await self._adopt(digest, adopt_any=adopt_any) and await self._goes_on():
            self._say(f"goes on, process {self.process_id}")
        else:
            try:
                await self._start(digest)
            except OSError as error:
                self._say(f"could not be started: {error}")
                raise StartFailed(self.name) from error
            await self._until_ready()
            self._say(f"ready, process {self.process_id}")
        self.watch()

    def watch(self) -> None:
        """From now on start it again whenever it dies or hangs."""
        if self._watch is None:
            self._watch = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def restart(self) -> None:
        """Replace the process by a new one of the present code. Raises StartFailed."""
        await self.stop()
        await self.bring_up()

    async def replace(self) -> None:
        """As `restart`, but what the process looks after goes on and is taken over. Raises StartFailed."""
        self.let_watch_go()
        if self.process is not None and not self.process.has_ended:
            await self._signal(self.process, asyncio.Event())
        await self.bring_up()

    async def hand_over(self) -> None:
        """Start a process of the present code that takes over from the running one while both serve.

        Raises StartFailed when no successor comes up; then the running one goes on, and is watched.
        """
        succession, running = self.component.succession, self.process
        if succession is None or running is None:
            return
        if self._former.is_there:
            self._say("goes on; the one before it still finishes requests. The next restart replaces it")
            return
        if not succession.is_possible():
            self._say("goes on; a router of that release cannot hand over. The next start of `up` replaces it")
            return
        self.let_watch_go()
        for pause in HAND_OVER_PAUSES:
            await asyncio.sleep(pause)
            if running.has_ended:
                return await self.bring_up()
            if await self._succeed(running):
                return self.watch()
            succession.let_try_again()
        # The successors have taken its administration socket, so it cannot be asked any more
        self._liveness = self.component.liveness.unasked()
        raise StartFailed(self.name)

    async def _succeed(self, running: Process) -> bool:
        """Whether a successor serves; the state of before otherwise."""
        record = read_record(self._run_dir, self.name)
        if record is None:
            return False
        self._former.remember(record)
        try:
            digest = digest_of(self.component.command, self.component.prepare())
            await self._start(digest, predecessors=record.predecessors + 1)
            await self._until_ready()
        except (StartFailed, OSError) as error:
            self._say(f"could not hand over ({error or 'it did not start'}); process {running.pid} goes on")
            self.process = running
            write_record(self._run_dir, record)
            self._former.forget()
            return False
        self._former.see_off(running)
        self._say(f"process {self.process_id} has taken over from {running.pid}, which finishes what it serves")
        return True

    @property
    def is_outdated(self) -> bool:
        """Whether the process was started with other code than there is now."""
        record = read_record(self._run_dir, self.name)
        return record is not None and record.code != self.component.code()

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """End the process in order; at once when `hurry` is set."""
        self.let_watch_go()
        process = self.process
        if process is not None and not process.has_ended:
            await self._end(process, hurry or asyncio.Event())
        await self._former.end()
        if self.component.succession is not None:
            self.component.succession.tidy()
        self._pump.finish(self._output)
        forget_record(self._run_dir, self.name)
        self.process = None

    def let_watch_go(self) -> None:
        """Stop watching; the process goes on."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _adopt(self, digest: str, *, adopt_any: bool) -> bool:
        self._former.find()
        record = read_record(self._run_dir, self.name)
        if record is None:
            return False
        if not record.identity.is_alive():
            await self._former.end()  # a successor that died may have taken its port
            with suppress(ChildProcessError):
                os.waitpid(record.identity.pid, os.WNOHANG)  # it ended while this `up` replaced itself
            return False
        try:
            process = Process(record.identity, survives=self.component.survives)
        except ProcessLookupError:
            return False
        fits = adopt_any or (self.component.survives and record.command_digest == digest)
        if fits:
            self.process = process
            self._pump.watch(self._output, self.log, LOG_BYTES)
            self.restarts, self.last_hang = record.restarts, record.last_hang
            self._started = time.monotonic() - max(0.0, time.time() - record.started_at)
            return True
        await self._end(process, asyncio.Event())
        return False

    async def _goes_on(self) -> bool:
        """Whether the adopted process answers; one that does not has been ended."""
        try:
            await self._until_ready()
        except StartFailed:
            self.restarts += 1
            return False
        return True

    async def _start(self, digest: str, *, predecessors: int = 0) -> None:
        command, succession = self.component.command, self.component.succession
        if not predecessors:
            make_pipe(self._output)
            self._pump.watch(self._output, self.log, LOG_BYTES)
        if succession is not None:
            if not predecessors:
                succession.tidy()
            command += succession.words(predecessors)
        self._started = time.monotonic()
        self._liveness = self.component.liveness
        self.process = await self._fork() or Process.start(
            command,
            environment={**clean_environment(), **self.component.environment},
            output=self._output,
            folder=self._folder,
            descriptors=self.component.descriptors,
            survives=self.component.survives,
        )
        set_oom_score(self.process.pid, self.component.oom_score)
        if self.component.give_way is not None:
            self.component.give_way(self.process.pid)
        write_record(
            self._run_dir,
            Record(
                self.name,
                self.process.identity,
                digest,
                time.time(),
                self.restarts,
                self.last_hang,
                self.component.code(),
                predecessors,
            ),
        )

    async def _fork(self) -> Process | None:
        """The part, started by the fork server; None when that cannot be, and it is to be started as a program."""
        if self._fork_server is None or not self.component.is_python or self.component.survives:
            return None
        pipe = os.open(self._output, os.O_RDWR | os.O_NONBLOCK)
        try:
            return await fork_part(
                self._fork_server,
                self.name,
                self.component.command[1:],
                output=pipe,
                environment=self.component.environment,
                descriptors=self.component.descriptors,
            )
        except NotForked as error:
            self._say(f"is started without the fork server, which did not answer ({error})")
            return None
        finally:
            os.close(pipe)

    async def _until_ready(self) -> None:
        """Return when the process answers. One that is stopped meanwhile is not waited for."""
        process = self.process
        if process is None:
            raise StartFailed(self.name)
        answering = asyncio.create_task(self._until_answer(process))
        watching = asyncio.create_task(Watch(process, self.component.liveness.unasked(), self._say).until_end())
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() and (hang := watching.result()):
                await self._end_hanging(process, hang)
                raise StartFailed(self.name)
            await answering
        finally:
            answering.cancel()
            watching.cancel()

    async def _until_answer(self, process: Process) -> None:
        patience = Patience(process.pid, self.component.ready_seconds)
        reason = "it was not asked"
        while not patience.is_over():
            try:
                await self.component.ready(process.pid)
            except NotReady as error:
                reason = str(error)
            else:
                if not process.has_ended:
                    if self.component.give_way_when_ready is not None:
                        self.component.give_way_when_ready(process.pid)
                    return
            if process.has_ended:
                self._say(f"{describe_end(process.exit_code)} before it answered. Its last lines:", self._last_lines())
                raise StartFailed(self.name)
            if patience.has_news():
                self._say(f"is still starting after {patience.waited:.0f} s ({reason})")
            await asyncio.sleep(pause_between_probes(patience.waited))
        self._say(
            f"did not answer within {patience.waited:.1f} s ({reason}), and gets no further. Its last lines:",
            self._last_lines(),
        )
        await self._end(process, asyncio.Event())
        raise StartFailed(self.name)

    async def _keep(self) -> None:
        process = self.process
        while process is not None:
            if hang := await Watch(process, self._liveness, self._say).until_end():
                await self._end_hanging(process, hang)
            ran = time.monotonic() - self._started
            wait = self._backoff.after(ran)
            how = f"{describe_end(process.exit_code)} after {ran:.0f} s"
            self._say(f"{how}; starting it again in {wait:g} s. Its last lines:", self._last_lines())
            await asyncio.sleep(wait)
            self.restarts += 1
            try:
                await self._start(digest_of(self.component.command, self.component.prepare()))
                process = self.process
                began = time.monotonic()
                await self._until_ready()
            except StartFailed:
                continue
            except OSError as error:
                self._say(f"could not be started: {error}")
                continue
            self._say(f"answers again after {time.monotonic() - began:.1f} s, process {self.process_id}")

    @property
    def process_id(self) -> int | None:
        """Of the present process."""
        return self.process.pid if self.process else None

    def _last_lines(self) -> list[str]:
        self._pump.catch_up(self._output)
        return [line.rstrip() for line in tail(self.log, 5 * LINES_SHOWN) if line.strip()][-LINES_SHOWN:]

    async def _end_hanging(self, process: Process, reason: str) -> None:
        """What hangs ends at once, and is started again as what has died."""
        self.last_hang = f"{reason} and was replaced on {datetime.now(UTC):%Y-%m-%d at %H:%M:%S} UTC"
        self._say(f"{reason} and is replaced")
        process.send(signal.SIGKILL)
        await process.wait()

    async def _end(self, process: Process, hurry: asyncio.Event) -> None:
        process.send(signal.SIGCONT)  # what is stopped would not hear the rest
        if not hurry.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.component.before_stop(process.pid), self.component.stop_seconds)
        await self._signal(process, hurry)

    async def _signal(self, process: Process, hurry: asyncio.Event) -> None:
        process.send(self.component.stop_signal)
        ended = asyncio.create_task(process.wait())
        hurried = asyncio.create_task(hurry.wait())
        await asyncio.wait({ended, hurried}, timeout=self.component.stop_seconds, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not ended.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(ended), 1.0 if hurry.is_set() else 0.0)
        if not ended.done():
            self._say("was hurried and killed" if hurry.is_set() else "did not end in time and was killed")
            process.kill_group()
            await ended

    def _say(self, text: str, lines: list[str] | None = None) -> None:
        self._journal.say(self.name, text, lines or [])


def pause_between_probes(waited: float) -> float:
    """Seconds until a part is asked again that has been asked for `waited` seconds."""
    return max(PROBE_SECONDS, waited * PROBE_SHARE)


def clean_environment() -> dict[str, str]:
    """The environment of the parts: what belongs to `up` alone is left out, and lines are written at once."""
    private = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "GREENROOM_RESUME")
    kept = {name: value for name, value in os.environ.items() if name not in private}
    return {**kept, "PYTHONUNBUFFERED": "1"}
