"""`./greenroom restore FILE`, or `s3://BUCKET/PREFIX/NAME`: a backup into an empty data folder."""

from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.backups.address import is_store
from sites.backups.restoring import restore
from sites.errors import BackupRefused
from sites.management.base import GreenroomCommand
from sites.supervisor.lock import UpLock


class Command(GreenroomCommand):
    """Restores a backup; refused where there is anything that it would overwrite."""

    help = "Restore a backup into an empty data folder. Then start Greenroom there."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and Greenroom's own options."""
        parser.add_argument("file", help="what `./greenroom backup` wrote, or s3://BUCKET/PREFIX/NAME")
        describe_options(parser, "--data")

    def handle(self, *, file: str, **_: object) -> None:
        """Tells what is done, and what to do next."""
        if UpLock(settings.RUN_DIR).is_held():
            raise BackupRefused(
                reason=f"Greenroom runs with {settings.DATA_DIR}",
                remedy="Stop it, or choose another folder: --data DIR",
            )
        if is_store(file):
            with import_module("sites.backups.stored").fetched(file, tell=self._tell) as archive:
                described = restore(archive, tell=self._tell)
        else:
            described = restore(Path(file), tell=self._tell)
        self._tell(
            f"The backup of {described.made_at} is restored. Start Greenroom: ./greenroom up --data {settings.DATA_DIR}"
        )

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
