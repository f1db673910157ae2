"""`./greenroom status`: all in a page."""

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import DatabaseError

from portal.options import describe_options
from sites.errors import NotUp
from sites.management.base import GreenroomCommand
from sites.supervisor.control import why_silent
from sites.supervisor.lock import running_up
from sites.supervisor.report import status_lines


class Command(GreenroomCommand):
    """Prints what runs, what is open and what went wrong; exit code 3 when `up` does not run, 4 when it hangs."""

    help = "Show what is running, which operations are open, and the last failures."

    def add_arguments(self, parser: CommandParser) -> None:
        """Greenroom's own options."""
        describe_options(parser, "--data")

    def handle(self, **_: object) -> None:
        """Changes nothing."""
        try:
            holder = running_up(settings.RUN_DIR, settings.DATA_DIR)
        except NotUp as error:
            holder = None
            if not (settings.DATA_DIR / "version").exists():
                self.stdout.write(str(error))
                raise SystemExit(3) from error
        try:
            lines = status_lines(holder)
        except DatabaseError as error:
            lines = [f"The database does not answer ({error}). The sites go on serving. See logs/up.log."]
        silent = why_silent(settings.RUN_DIR / "up.sock", holder.pid) if holder else ""
        self.stdout.write("\n".join([silent, "", *lines] if silent else lines))
        if holder is None:
            raise SystemExit(3)
        if silent:
            raise SystemExit(4)
