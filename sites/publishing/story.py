"""What a publication has to tell since it was asked last: its steps, and what its build wrote."""

from pathlib import Path

from sites.models import Operation, Step
from sites.plain_text import log_text
from sites.planning import build_log

MAX_BYTES = 64 * 1024
"""Of a log, at one look. What is beyond is told at the next one."""
SILENT = (Step.REQUESTED, Step.DONE)
BUILT = (Step.BUILDING, Step.RELEASING)
"""What is done there writes the log."""


class Story:
    """Of one publication. It knows what it has told."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._log = Follower(build_log(operation.deployment))
        self._step = ""

    def news(self) -> list[str]:
        """New lines, without anything that would act on a terminal. Asks the database once."""
        self.operation.refresh_from_db()
        lines = []
        if self.operation.step != self._step:
            self._step = self.operation.step
            if self._step not in SILENT:
                lines.append(f"{self.operation.get_step_display()} …")
        return [*lines, *self._log.lines()]

    def outcome(self) -> list[str]:
        """How it ended, without the end of the log that was told already."""
        lines = self.operation.outcome.splitlines()
        return lines[:1] if self.operation.step in BUILT else lines


class Follower:
    """Reads a log that is written meanwhile, and that moves aside when it is full."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0
        self._rest = b""

    def lines(self) -> list[str]:
        """The whole lines that came since the last call."""
        try:
            with self._log.open("rb") as file:
                if file.seek(0, 2) < self._read:
                    self._read = 0  # another file of that name
                file.seek(self._read)
                found = file.read(MAX_BYTES)
        except FileNotFoundError:
            return []
        self._read += len(found)
        whole, end, rest = (self._rest + found).rpartition(b"\n")
        self._rest = rest[-MAX_BYTES:]
        return log_text((whole + end).decode(errors="replace")).splitlines()
