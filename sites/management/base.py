"""What every command of Greenroom does: its own checks first, refusals as sentences, plain text on the terminal."""

import sys
from typing import Any, TextIO, cast

from django.core.checks import run_checks
from django.core.management.base import BaseCommand, OutputWrapper

from sites.checks import TAG
from sites.errors import GreenroomError
from sites.management.findings import tell
from sites.plain_text import visible


class PlainStream:
    """A stream on which nobody's text can act: control characters are written out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As the stream's own."""
        return self._stream.write(visible(text, keep="\n\t"))

    def flush(self) -> None:
        """As the stream's own."""
        self._stream.flush()

    def isatty(self) -> bool:
        """As the stream's own."""
        return self._stream.isatty()


class GreenroomCommand(BaseCommand):
    """A command that is refused with a sentence, exit code 1, where settings or data folder are not as they must be."""

    requires_system_checks = []
    """Django would print its own report in place of sentences."""
    suppressed_base_arguments = {
        *("--version", "--verbosity", "--settings", "--pythonpath", "--traceback"),
        *("--no-color", "--force-color", "--skip-checks"),
    }
    """Django's own options work, and `--help` leaves them out."""
    is_refused_by_checks = True

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Check, then do it."""
        self.stdout = _plain(options.pop("stdout", None) or sys.stdout)
        self.stderr = _plain(options.pop("stderr", None) or sys.stderr)
        try:
            if self.is_refused_by_checks:
                self._check()
            return super().execute(*args, **options)
        except GreenroomError as error:
            self.stderr.write(str(error))
            raise SystemExit(1) from error

    def _check(self) -> None:
        if tell(run_checks(tags=[TAG]), self.stderr.write):
            raise SystemExit(1)


def _plain(stream: TextIO) -> OutputWrapper:
    return OutputWrapper(cast(TextIO, PlainStream(stream)))
