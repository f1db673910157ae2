"""`./greenroom doctor`: what this machine offers, and what is missing."""

import shutil
import sys

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.checks import TAG
from sites.errors import GreenroomError
from sites.management.base import GreenroomCommand
from sites.management.findings import sentence
from sites.supervisor.components import uses_foreign_redis
from sites.supervisor.control import why_silent
from sites.supervisor.isolation import choose_isolation, isolation_lines
from sites.supervisor.lock import UpLock
from sites.supervisor.ports import check_port
from sites.supervisor.report import hang_lines

PROGRAMS = {
    "bwrap": ("bubblewrap", "sandboxes of the sites"),
    "redis-server": ("redis-server", "the queue, unless REDIS_URL names another"),
    "lighttpd": ("lighttpd lighttpd-mod-deflate lighttpd-modules-lua", "serving static sites"),
    "ip": ("iproute2", "a network of its own for every instance and build"),
    "nft": ("nftables", "keeping those networks apart"),
    "git": ("git", "publishing by git, and the tests"),
    "chromium": ("chromium", "the tests and screenshots only"),
}
MANY_FREE_BYTES = 2 * 1024**3


class Command(GreenroomCommand):
    """Prints one line per finding; exit code 1 when `up` would be refused."""

    is_refused_by_checks = False  # what they find is part of what it tells
    help = "Show what this machine offers to Greenroom, and the remedy for what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Greenroom's own options."""
        describe_options(parser)

    def handle(self, **_: object) -> None:
        """Changes nothing."""
        self.stdout.write(f"Python {sys.version.split()[0]}, data folder {settings.DATA_DIR}")
        self._programs()
        faults = [sentence(message) for message in run_checks(tags=[TAG]) if message.level >= ERROR]
        refusals = [*faults, self._isolation(), "" if faults else self._port(), self._disk()]
        refusals = [refusal for refusal in refusals if refusal]
        for refusal in refusals:
            self.stdout.write(refusal)
        self.stdout.write("`up` would be refused." if refusals else "`up` can start.")
        if refusals:
            raise SystemExit(1)

    def _programs(self) -> None:
        for program, (package, purpose) in PROGRAMS.items():
            path = shutil.which(program)
            if program == "redis-server" and uses_foreign_redis():
                path = path or "not needed: REDIS_URL is set"
            self.stdout.write(f"  {program:<14}{path or f'missing; apt-get install {package}':<40}  for {purpose}")

    def _isolation(self) -> str:
        try:
            self.stdout.write("\n".join(isolation_lines(choose_isolation(settings.ISOLATION))))
        except GreenroomError as error:
            return str(error)
        return ""

    def _port(self) -> str:
        lock = UpLock(settings.RUN_DIR)
        if lock.is_held():
            holder = lock.holder()
            silent = why_silent(settings.RUN_DIR / "up.sock", holder.pid) if holder else ""
            self.stdout.write("\n".join([silent or "Greenroom is running with this data folder.", *hang_lines()]))
            return ""
        try:
            for port in filter(None, (settings.PORT, settings.TLS_PORT)):
                check_port(settings.LISTEN, port)
        except GreenroomError as error:
            return str(error)
        self.stdout.write(f"Port {settings.PORT} is free on {', '.join(settings.LISTEN)}")
        return ""

    def _disk(self) -> str:
        free = shutil.disk_usage(settings.DATA_DIR).free
        self.stdout.write(f"{free / 1024**3:.1f} GB of disk are free for the data folder")
        if free >= MANY_FREE_BYTES:
            return ""
        return "Less than 2 GB of disk are free. Make room, or choose another folder with --data."
