"""`./greenroom dev`: everything up, with Django's pages of errors, and restarted when the code changes."""

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.management.base import GreenroomCommand
from tools.dev.session import Session
from tools.dev.sources import PACKAGES, Sources

PARTS = ("web", "worker-control", "worker-work", "beat", "xds")


class Command(GreenroomCommand):
    """For those who change Greenroom, on their own machine."""

    help = "Start everything in the foreground and restart the control plane when the code changes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Greenroom's own options, and the part that runs in this terminal."""
        parser.add_argument(
            "--foreground", choices=PARTS, default="", help="run this part in the terminal, where breakpoint() asks"
        )
        describe_options(parser)

    def handle(self, *, foreground: str, **_: object) -> None:
        """Exit code of `up`."""
        sources = Sources(settings.BASE_DIR / name for name in PACKAGES)
        code = Session(sources, foreground, self._say).run()
        if code:
            raise SystemExit(code)

    def _say(self, sentence: str) -> None:
        self.stdout.write(f"dev            {sentence}")
        self.stdout.flush()
