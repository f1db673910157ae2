"""`./greenroom logs SITE`: what a web site wrote, and what it goes on writing."""

import time
from collections.abc import Iterable

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import DatabaseError

from portal.options import describe_options
from sites.errors import Refused
from sites.management.base import GreenroomCommand
from sites.models import Slot
from sites.models.slot import PRODUCTION
from sites.monitoring import output
from sites.monitoring import requests as request_log
from sites.monitoring.output import Line

LOOK_SECONDS = 0.5
MAX_LINES = 100_000


class Command(GreenroomCommand):
    """Prints `TIME DEPLOYMENT rREVISION/INSTANCE TEXT` for each line of all instances of a slot."""

    help = "Show what a web site wrote, by instance."

    def add_arguments(self, parser: CommandParser) -> None:
        """The site, and what of its log."""
        parser.add_argument("site", help="name of the web site")
        parser.add_argument("--slot", default=PRODUCTION, help="its slot, for example staging")
        parser.add_argument("--requests", action="store_true", help="the web server log in place of the application's")
        parser.add_argument("-f", "--follow", action="store_true", help="keep showing new lines until Ctrl-C")
        parser.add_argument("-n", "--lines", type=int, default=100, help="how many of the last lines (100)")
        parser.add_argument("--filter", default="", metavar="WORDS", help="only lines that contain these words")
        describe_options(parser, "--data")

    def handle(
        self, *, site: str, slot: str, requests: bool, follow: bool, lines: int, filter: str, **_: object
    ) -> None:
        """Changes nothing. Raises Refused for what is not there, RuntimeUnreachable while `up` does not run."""
        slot_id = _find(site, slot)
        source = request_log if requests else output
        count = max(0, min(lines, MAX_LINES))
        found, positions = source.newest(slot_id, count=count, words=filter)
        self._print(found)
        try:
            while follow:
                time.sleep(LOOK_SECONDS)
                found, positions = source.since(slot_id, positions, words=filter)
                self._print(found)
        except KeyboardInterrupt:
            return

    def _print(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.stdout.write(line.whole)
        self.stdout.flush()


def _find(site: str, slot: str) -> int:
    try:
        names = dict(Slot.objects.filter(site__name=site.lower()).values_list("name", "pk"))
    except DatabaseError as error:
        raise Refused(
            f"There is no installation of Greenroom in {settings.DATA_DIR}. Name its folder with --data, or start one "
            "with './greenroom up'."
        ) from error
    if not names:
        raise Refused(f"There is no web site '{site}'. The portal lists them all.")
    if slot.lower() not in names:
        raise Refused(f"'{site}' has no slot '{slot}'. Its slots are: {', '.join(sorted(names))}.")
    return names[slot.lower()]
