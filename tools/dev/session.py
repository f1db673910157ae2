"""One `./greenroom dev`: `up` beside it, restarted when the code changes, and perhaps one part in the terminal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
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

    def run(self) -> int:
        """Until Ctrl-C or the end of `up`. Returns the exit code."""
        # In a session of its own: Ctrl-C is for the debugger first, and everything is stopped in order afterwards
        self._up = subprocess.Popen(self._command("up"), env=self._environment, start_new_session=True)
        try:
            while self._up.poll() is None and not _is_ready():
                time.sleep(LOOK_SECONDS)
            if self._up.poll() is None:
                self._start_part()
            while self._up.poll() is None:
                time.sleep(LOOK_SECONDS)
                if changed := self._sources.changed():
                    self._begin_again(changed)
        except KeyboardInterrupt:
            pass
        finally:
            self._end()
        return self._up.returncode

    def _begin_again(self, changed: list[Path]) -> None:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        self._say(f"{changed[0].name}{more} changed; the control plane restarts.")
        self._end_part()
        # `up` writes here what `restart` would repeat
        subprocess.run(self._command("restart"), env=self._environment, stdout=subprocess.DEVNULL)
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
        self._running.terminate()
        _wait(self._running, PART_SECONDS)
        self._running = None

    def _end(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
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


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
