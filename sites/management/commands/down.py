"""`./greenroom down`: what Ctrl-C does where `up` runs, from another terminal or a script."""

import os
import select
import signal

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.management.base import GreenroomCommand
from sites.management.up_log import tell_from
from sites.supervisor.lock import running_up

LOOK_MILLISECONDS = 200


class Command(GreenroomCommand):
    """Stop the running `up` with all that it has started, and wait until it has ended."""

    help = "Stop everything in order, as Ctrl-C does where up runs. The next start brings the sites back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Greenroom's own options."""
        describe_options(parser, "--data")

    def handle(self, **_: object) -> None:
        """Exit code 1 when nothing runs, or when it belongs to another user."""
        log = settings.LOG_DIR / "up.log"
        holder = running_up(settings.RUN_DIR, settings.DATA_DIR)
        offset = log.stat().st_size if log.exists() else 0
        process = os.pidfd_open(holder.pid)
        try:
            running_up(settings.RUN_DIR, settings.DATA_DIR)  # so the process is the one that was named
            signal.pidfd_send_signal(process, signal.SIGTERM)
            ended = select.poll()
            ended.register(process, select.POLLIN)
            while not ended.poll(LOOK_MILLISECONDS):
                offset = tell_from(log, offset, self.stdout)
            tell_from(log, offset, self.stdout)
        finally:
            os.close(process)
