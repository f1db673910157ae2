"""`./greenroom demo`: two real applications, swapped under load in an installation of their own."""

import signal
from pathlib import Path

from django.core.management.base import CommandParser

from sites.errors import GreenroomError
from sites.management.base import GreenroomCommand
from tools.demo.installation import MANAGE, Installation, NotStarted
from tools.demo.operations import OperationFailed
from tools.demo.publishing import PublishingRefused
from tools.demo.report import Report
from tools.demo.story import tell
from tools.prober.session import SignInFailed

SWAPS = 10


class Command(GreenroomCommand):
    """Start an installation in a temporary folder, tell the story there, and end it."""

    help = "Swap two real applications under load, and report what that proved. Exit code 1 unless nobody noticed."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """The report, what remains, how long."""
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures there as JSON")
        parser.add_argument("--keep", action="store_true", help="leave the sites up to look at, until Ctrl-C")
        parser.add_argument("--swaps", type=int, default=SWAPS, metavar="N", help=f"of each application ({SWAPS})")
        parser.add_argument(
            "--here", action="store_true", help="use the running installation, and leave the sites in it"
        )

    def handle(self, *, report: Path | None, keep: bool, swaps: int, here: bool, **_: object) -> None:
        """Exit code 0 when it was proved that visitors noticed nothing."""
        # Whoever ends it otherwise than by Ctrl-C leaves nothing behind either
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            code = self._tell(report, swaps) if here else self._begin(report, keep, swaps)
        except KeyboardInterrupt:
            code = 130
        raise SystemExit(code)

    def _begin(self, report: Path | None, keep: bool, swaps: int) -> int:
        """The story runs in a process of its own: settings are read once, and ours name another folder."""
        installation = Installation()
        try:
            self._say(f"Starting Greenroom in {installation.folder}, port {installation.port}")
            self._say(f"Greenroom is up after {installation.start():.1f} s")
            arguments = [str(MANAGE), "demo", "--here", "--swaps", str(swaps)]
            if report:
                arguments += ["--report", str(report.absolute())]
            code = installation.run(arguments).returncode
            if keep:
                self._invite(installation)
            return code
        except NotStarted as error:
            self._say(f"Greenroom did not start, so nothing was shown. The last lines of its log:\n{error}")
            return 1
        finally:
            self._say("Stopping everything and removing the folder")
            installation.stop()

    def _tell(self, report: Path | None, swaps: int) -> int:
        try:
            told = tell(self._say, swaps=swaps)
        except (GreenroomError, OperationFailed, PublishingRefused, SignInFailed) as error:
            self._say(f"The demonstration ended early. {error}")
            return 1
        for sentence in told.sentences():
            self._say(sentence)
        self._write(told, report)
        return 0 if told.is_proven else 1

    def _write(self, told: Report, report: Path | None) -> None:
        if report:
            told.write(report)
            self._say(f"The figures are in {report}")

    def _invite(self, installation: Installation) -> None:
        self._say("The sites stay up until Ctrl-C. They answer here:")
        for name in ("flask-demo", "django-demo"):
            for host in (name, f"{name}-staging"):
                self._say(f"  http://{host}.localhost:{installation.port}")
        self._say(f"The portal: {installation.ask(['password', '--link'])}")
        installation.wait()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
