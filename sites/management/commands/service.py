"""`./greenroom service`: Greenroom as a service of systemd, which starts with the machine."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import OPTIONS, describe_options
from sites.errors import NotUp, ServiceRefused
from sites.management.base import GreenroomCommand
from sites.supervisor.lock import running_up
from sites.supervisor.unit import NAME, Unit, is_ours

RUNNING = Path("/run/systemd/system")
"""There where systemd is what started the machine: sd_booted(3)."""
SHOWN = ("LoadState", "UnitFileState", "ActiveState", "SubState", "MainPID", "NRestarts", "ActiveEnterTimestamp")
START = "Start './greenroom up' with whatever starts programs on this machine."


class Command(GreenroomCommand):
    """install, remove or status; as root for the machine, otherwise for the user who says it."""

    help = "Install Greenroom as a service of systemd, which starts with the machine; remove it; show it."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and Greenroom's own options, which the service is started with."""
        parser.add_argument("what", choices=["install", "remove", "status"])
        parser.add_argument("--dry-run", action="store_true", help="show what would be written and run, and do nothing")
        describe_options(parser)

    def handle(self, *, what: str, dry_run: bool, **_: object) -> None:
        """Raises ServiceRefused."""
        unit = _unit()
        self._is_dry = dry_run
        if not dry_run and not (RUNNING.is_dir() and shutil.which("systemctl")):
            raise ServiceRefused(reason="This machine was not started by systemd.", remedy=START)
        {"install": self._install, "remove": self._remove, "status": self._status}[what](unit)

    def _install(self, unit: Unit) -> None:
        try:
            text = unit.text
        except ValueError as error:
            raise ServiceRefused(
                reason=f"The service cannot be written: {error}.", remedy="Use another path."
            ) from error
        self._refuse_foreign(unit)
        is_service = self._shown(unit).get("ActiveState") in ("active", "activating", "reloading")
        if not self._is_dry and not is_service:
            _refuse_running()
        if self._is_dry:
            self._tell(f"Would write {unit.path}:\n\n{text}")
        else:
            unit.path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = unit.path.with_suffix(".new")
            unfinished.write_text(text)
            unfinished.replace(unit.path)
        self._run(*unit.control, "daemon-reload")
        if unit.home is not None:
            self._linger()
        self._run(*unit.control, "enable", "--quiet", NAME)
        if is_service:
            restart = " ".join((*unit.control, "restart", NAME))
            self._tell(f"The service was running already, and goes on as it is until its next start: {restart}")
            return
        self._run(*unit.control, "start", NAME)
        if not self._is_dry:
            self._tell(
                "Greenroom runs as a service, and starts with this machine. Look at it: ./greenroom service status"
            )
            self._tell("Set the administrator's password: ./greenroom password")

    def _remove(self, unit: Unit) -> None:
        self._refuse_foreign(unit)
        if not self._is_dry and not unit.path.exists():
            raise ServiceRefused(reason=f"There is no service at {unit.path}.", remedy="'./greenroom up' needs none.")
        self._run(*unit.control, "disable", "--quiet", "--now", NAME)
        if self._is_dry:
            self._tell(f"Would remove {unit.path}. The data folder stays.")
        else:
            unit.path.unlink(missing_ok=True)
        self._run(*unit.control, "daemon-reload")
        if not self._is_dry:
            self._tell(f"The service is removed and its sites have ended. Everything is kept in {settings.DATA_DIR}.")

    def _status(self, unit: Unit) -> None:
        shown = self._shown(unit)
        if self._is_dry:
            return
        if shown.get("LoadState") != "loaded":
            self._tell("Greenroom is no service of this machine. Make it one: ./greenroom service install")
            raise SystemExit(4)
        starts = "starts with the machine" if shown["UnitFileState"] == "enabled" else "does not start with the machine"
        self._tell(f"{unit.path}: {shown['ActiveState']} ({shown['SubState']}), {starts}.")
        if shown["ActiveState"] != "active":
            self._tell(f"Its last lines: journalctl {'--user ' if unit.home else ''}--unit={NAME} --lines=50")
            raise SystemExit(3)
        restarts = f", started again {shown['NRestarts']} times" if shown["NRestarts"] != "0" else ""
        self._tell(f"Process {shown['MainPID']} since {shown['ActiveEnterTimestamp']}{restarts}.")

    def _refuse_foreign(self, unit: Unit) -> None:
        if unit.path.exists() and not is_ours(unit.path.read_text(errors="replace")):
            raise ServiceRefused(
                reason=f"{unit.path} was not written by this command.",
                remedy="Move it away, or keep it and use systemctl.",
            )

    def _shown(self, unit: Unit) -> dict[str, str]:
        command = (*unit.control, "show", "--property", ",".join(SHOWN), NAME)
        if self._is_dry:
            return {}
        done = subprocess.run(command, capture_output=True, text=True)
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)

    def _linger(self) -> None:
        """Have the user's services start with the machine, and not with a session."""
        if self._is_dry:
            self._tell("Would run: loginctl enable-linger")
        elif subprocess.run(("loginctl", "enable-linger"), capture_output=True).returncode:
            self._tell("It starts with your first session only. To have it start with the machine, root has to run:")
            self._tell(f"  loginctl enable-linger {os.environ.get('USER', str(os.getuid()))}")

    def _run(self, *command: str) -> None:
        if self._is_dry:
            self._tell(f"Would run: {' '.join(command)}")
            return
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            said = done.stderr.strip() or f"exit code {done.returncode}"
            self.stderr.write(f"'{' '.join(command)}' failed: {said}. See journalctl --unit={NAME}, then try again.")
            raise SystemExit(1)

    def _tell(self, line: str) -> None:
        self.stdout.write(line)


def _unit() -> Unit:
    options = {name: os.environ[variable] for name, (variable, *_) in OPTIONS.items() if os.environ.get(variable)}
    options.pop("--data", None)
    home = None if os.geteuid() == 0 else Path(pwd.getpwuid(os.geteuid()).pw_dir)
    return Unit(settings.BASE_DIR / "greenroom", Path(settings.DATA_DIR), options, home)


def _refuse_running() -> None:
    """Two cannot have one data folder."""
    try:
        holder = running_up(settings.RUN_DIR, settings.DATA_DIR)
    except NotUp:
        return
    raise ServiceRefused(
        reason=f"Greenroom is already running with {settings.DATA_DIR} (process {holder.pid}).",
        remedy="End it with Ctrl-C, then install the service.",
    )
