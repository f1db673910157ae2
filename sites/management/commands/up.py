"""`./greenroom up`: the whole system in the foreground."""

import asyncio
import os

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.management.base import GreenroomCommand
from sites.management.welcome import sign_in_line
from sites.supervisor.isolation import choose_isolation, isolation_lines
from sites.supervisor.resume import taken_over
from sites.supervisor.supervisor import Supervisor


class Command(GreenroomCommand):
    """Start every part in order and keep it running until Ctrl-C."""

    help = "Start Greenroom in the foreground; Ctrl-C stops everything in order."
    tells_warnings = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Greenroom's own options."""
        describe_options(parser)

    def handle(self, **_: object) -> None:
        """Exit code 1 with a sentence when it is refused."""
        resume = taken_over(os.environ)
        level = resume.isolation if resume else self._find_isolation()
        supervisor = Supervisor(isolation=level, sign_in_line=sign_in_line, resume=resume)
        raise SystemExit(asyncio.run(supervisor.run()))

    def _find_isolation(self) -> str:
        isolation = choose_isolation(settings.ISOLATION)
        self.stdout.write("\n".join(isolation_lines(isolation)))
        self.stdout.flush()
        return isolation.level
