"""One `./greenroom dev`: `up` beside it, restarted when the code changes, and perhaps one part in the terminal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from sites.supervisor.components import component_named
from sites.supervisor.control import request
from sites.supervisor.sockets import listen
from tools.dev.sources import Sources

LOOK_SECONDS = 0.5
PART_SECONDS = 20.0
"""How long a part may take to end."""


class Session:
    """What the developer started; ends everything when it ends."""

    def __init__(self, sources: Sources, part: str, say: Callable[[str], None]) -> None:
        """`part` runs in the terminal, so that a debugger can ask there; empty: all parts run in `up`."""
        self._sources = sources
        self._part = part
        self._say = say
        self._environment = {**os.environ, "GREENROOM_DEBUG": "1", "GREENROOM_LEFT_OUT": part}
        self._up: subprocess.Popen[bytes] | None = None
        self._running: subprocess.Popen[bytes] | None = None
        self._is_over = False

    def run(self) -> int:
        """Until Ctrl-C, SIGTERM, the end of the terminal, or the end of `up`. Returns the exit code."""
        with self._signals():
            # In a session of its own: Ctrl-C is for the debugger first, and everything is stopped in order afterwards
            self._up = subprocess.Popen(self._command("up"), env=self._environment, start_new_session=True)
            try:
                while self._goes_on(self._up) and not _is_ready():
                    time.sleep(LOOK_SECONDS)
                if self._goes_on(self._up):
                    self._start_part()
                while self._goes_on(self._up):
                    time.sleep(LOOK_SECONDS)
                    if changed := self._sources.changed():
                        self._begin_again(changed)
            finally:
                self._end()
        return self._up.returncode

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Each of them ends the session, as it ends `up`; SIGINT also where a script has started this with `&`."""
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup wants it ignored
            numbers.append(signal.SIGHUP)
        former = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _on_signal(self, *_: object) -> None:
        self._is_over = True  # no more: an error raised here would leave what is just being started

    def _goes_on(self, process: subprocess.Popen[bytes]) -> bool:
        return process.poll() is None and not self._is_over

    def _begin_again(self, changed: list[Path]) -> None:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        self._say(f"{changed[0].name}{more} changed; the control plane restarts.")
        self._end_part()
        # `up` writes here what `restart` would repeat
        restart = subprocess.Popen(self._command("restart"), env=self._environment, stdout=subprocess.DEVNULL)
        while self._goes_on(restart):
            time.sleep(LOOK_SECONDS)
        if self._is_over:
            _stop(restart)
        else:
            self._start_part()

    def _start_part(self) -> None:
        if not self._part:
            return
        self._say(f"{self._part} runs here. A breakpoint() in it asks in this terminal.")
        with listen(settings.WEB_SOCKET) as web:  # in place of the one that `up` holds open and nobody serves
            component = component_named(self._part, web_socket=web.fileno())
            self._running = subprocess.Popen(
                component.command,
                env={**self._environment, **component.environment},
                pass_fds=component.descriptors,
                cwd=settings.BASE_DIR,
            )

    def _end_part(self) -> None:
        if self._running is None:
            return
        _stop(self._running)
        self._running = None

    def _end(self) -> None:
        self._end_part()
        if self._up is not None and self._up.poll() is None:
            self._up.send_signal(signal.SIGINT)
            self._up.wait()

    def _command(self, name: str) -> list[str]:
        return [sys.executable, str(settings.BASE_DIR / "manage.py"), name]


def _is_ready() -> bool:
    with suppress(OSError, ValueError):
        return request(settings.RUN_DIR / "up.sock", {"command": "status"})["state"] == "ready"
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PART_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
