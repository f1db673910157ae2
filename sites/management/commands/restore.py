"""`./greenroom restore FILE`: a backup into an empty data folder."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.backups.restoring import restore
from sites.errors import BackupRefused
from sites.management.base import GreenroomCommand
from sites.supervisor.lock import UpLock


class Command(GreenroomCommand):
    """Restores a backup; refused where there is anything that it would overwrite."""

    help = "Restore a backup into an empty data folder; then start Greenroom there."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and Greenroom's own options."""
        parser.add_argument("file", type=Path, help="what `./greenroom backup` wrote")
        describe_options(parser)

    def handle(self, *, file: Path, **_: object) -> None:
        """Tells what is done, and what to do next."""
        if UpLock(settings.RUN_DIR).is_held():
            raise BackupRefused(
                reason=f"Greenroom runs with {settings.DATA_DIR}",
                remedy="Stop it, or choose another folder: --data DIR",
            )
        described = restore(file, tell=self._tell)
        self._tell(
            f"The backup of {described.made_at} is restored. Start Greenroom: ./greenroom up --data {settings.DATA_DIR}"
        )

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
