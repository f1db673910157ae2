"""`./greenroom backup`: everything of an installation in one file, written while it runs."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.backups.making import make
from sites.management.base import GreenroomCommand

MEGABYTE = 1024**2


class Command(GreenroomCommand):
    """Writes a backup; exit code 1 with a sentence when that failed."""

    help = "Write a backup into a folder, or to a file, while everything goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, and Greenroom's own options."""
        parser.add_argument("target", type=Path, help="an existing folder, or a new file that ends in .tar.gz")
        parser.add_argument(
            "--with-keys", action="store_true", help="put the key file into it: who has the backup can then read all"
        )
        describe_options(parser)

    def handle(self, *, target: Path, with_keys: bool, **_: object) -> None:
        """Tells what is done, and at the end what a restore needs."""
        backup = make(target, has_keys=with_keys, tell=self._tell)
        self._tell(f"Done: {backup.path}, {backup.bytes / MEGABYTE:,.1f} MB.")
        if backup.changed:
            self._tell(
                f"{backup.changed} files in persistent folders changed while they were read, or could not be read. A "
                "database that an application keeps there may be incomplete in the backup; have the application dump "
                "it to a file too."
            )
        if not with_keys:
            self._tell(f"A restore also needs the keys. Keep a copy of {settings.KEY_FILE} in another place.")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
