"""`./greenroom backup`: everything of an installation in one file, written while it runs."""

from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.backups.address import is_store
from sites.backups.making import make
from sites.errors import BackupPlaceRefused
from sites.management.base import GreenroomCommand

MEGABYTE = 1024**2


class Command(GreenroomCommand):
    """Writes a backup; exit code 1 with a sentence when that failed."""

    help = "Write a backup to a folder, a file or an S3 store while everything keeps running."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, and Greenroom's own options."""
        parser.add_argument("target", help="an existing folder, a new file that ends in .tar.gz, or s3://BUCKET/PREFIX")
        parser.add_argument(
            "--with-keys", action="store_true", help="include the keys: anyone who has the backup can then read it"
        )
        describe_options(parser, "--data")

    def handle(self, *, target: str, with_keys: bool, **_: object) -> None:
        """Tells what is done, and at the end what a restore needs."""
        if is_store(target):
            where, size, changed = self._send(target, with_keys)
        else:
            backup = make(Path(target), has_keys=with_keys, tell=self._tell)
            where, size, changed = str(backup.path), backup.bytes, backup.changed
        self._tell(f"Done: {where}, {size / MEGABYTE:,.1f} MB.")
        if changed:
            self._tell(
                f"{changed} files in persistent folders changed while they were read, or could not be read. A "
                "database that an application keeps there may be incomplete in the backup; have the application dump "
                "it to a file too."
            )
        if not with_keys:
            self._tell(f"A restore also needs the keys. Keep a copy of {settings.KEY_FILE} in another place.")

    def _send(self, target: str, with_keys: bool) -> tuple[str, int, int]:
        if with_keys:
            raise BackupPlaceRefused(
                file=target,
                reason="a backup in a store is encrypted with the keys, and cannot hold them",
                remedy=f"Leave --with-keys out, and keep a copy of {settings.KEY_FILE} in another place.",
            )
        sent = import_module("sites.backups.stored").send(target, tell=self._tell)  # with boto3, which is large
        return str(sent.address), sent.bytes, sent.changed

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
