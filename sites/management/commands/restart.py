"""`./greenroom restart`: the control plane onto the present code, while the sites go on serving."""

import subprocess
import sys
import time
from typing import NoReturn

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.errors import GreenroomError
from sites.management.base import GreenroomCommand
from sites.management.up_log import tell_from
from sites.supervisor.control import request, why_silent
from sites.supervisor.lock import running_up

SILENCE_SECONDS = settings.READY_SECONDS
"""How long `up` may say nothing, while it replaces itself. It waits itself for parts, as long as they get on."""


class Command(GreenroomCommand):
    """Ask the running `up` to replace itself and its control plane, and wait until it has."""

    help = "Restart the control plane, also onto newer code. Web sites keep serving."

    def add_arguments(self, parser: CommandParser) -> None:
        """Greenroom's own options."""
        describe_options(parser, "--data")

    def handle(self, **_: object) -> None:
        """Exit code 1 when it is refused or fails. Django has checked the present code before this runs."""
        socket = settings.RUN_DIR / "up.sock"
        log = settings.LOG_DIR / "up.log"
        try:
            holder = running_up(settings.RUN_DIR, settings.DATA_DIR)
        except GreenroomError as error:
            self._fail(str(error))
        if silent := why_silent(socket, holder.pid):
            self._fail(f"{silent} Nothing was restarted.")
        self._check_code()
        offset = log.stat().st_size
        before = request(socket, {"command": "restart"})
        if before["state"] not in ("ready", "restart failed"):
            self._fail(f"Greenroom is {before['state']} just now; nothing was restarted. Try again when it is ready.")
        answered_at = time.monotonic()
        while time.monotonic() - answered_at < SILENCE_SECONDS:
            time.sleep(0.2)
            offset = tell_from(log, offset, self.stdout)
            try:
                now = request(socket, {"command": "status"})
            except (OSError, ValueError):
                continue  # it is replacing itself
            answered_at = time.monotonic()
            if now["restarts"] > before["restarts"] and now["state"] in ("ready", "restart failed"):
                tell_from(log, offset, self.stdout)
                if now["state"] == "ready":
                    return
                self._fail(f"The restart failed. {now['failure']} The sites go on serving. See logs/up.log.")
        self._fail(f"`up` has not answered for {SILENCE_SECONDS} s; the sites go on serving. See logs/up.log.")

    def _check_code(self) -> None:
        """`up` replaces itself by the present code: that must at least load."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "up", "--help"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            self._fail(f"The present code cannot be loaded ({last}). Nothing was restarted. Fix it, then try again.")

    def _fail(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        raise SystemExit(1)
