"""Every check and test in stages, the soonest to tell first: python -m tests.stages [--all | --fast | --coverage].

The commands of a stage run beside each other, each to its end. The next stage begins when all of them have succeeded.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from tests.changed import ROOT, changed_files, lying_beside, without_tests_beside

PYTHON = sys.executable
BIN = os.path.dirname(PYTHON)
DJANGO = ("env", "DJANGO_SETTINGS_MODULE=tests.settings", PYTHON, "manage.py")
PYTEST = (PYTHON, "-m", "pytest", "--dist", "loadfile", "--no-loadscope-reorder", "--numprocesses")
POSTGRESQL = ("nice", "-n", "19", PYTHON, "-m", "tests.on_postgresql")
"""With what the live tests leave of the processor: they wait more than they work, and would notice a neighbour."""
ON_POSTGRESQL = ("tests/sites/models", "tests/sites/services")
"""What records and services ask of the database is what differs most there."""
HOUSE = "tests/test_*.py"
"""The plan of the house, its documentation and its sentences."""
CORE = (
    "tests/sites/api/test_commands.py",
    "tests/sites/operations/test_machine.py",
    "tests/sites/services/test_rollback.py",
    "tests/sites/services/test_settings.py",
    "tests/sites/services/test_swaps.py",
)
"""What a swap rests on, whatever was changed."""
COVERED = ("client", "portal", "sites")


@dataclass(frozen=True, slots=True)
class Command:
    """One check, or some tests, and how it is named at the end."""

    name: str
    line: tuple[str, ...]


CHECKS = (
    Command("lint", (f"{BIN}/ruff", "check", "--quiet", ".")),
    Command("format", (f"{BIN}/ruff", "format", "--quiet", "--check", ".")),
    Command("migrations", (*DJANGO, "makemigrations", "--check", "--dry-run")),
)
TYPES = Command("types", (f"{BIN}/mypy", "--no-error-summary"))


def stages(*, is_all: bool) -> list[tuple[Command, ...]]:
    """Checks, then fast tests, then what starts real processes."""
    more = ("--all",) if is_all else ()
    return [
        CHECKS,
        (Command("fast tests", (*PYTEST, "3", "-m", "not live", *more)), TYPES),
        (
            Command("live tests", (*PYTEST, "3", "-m", "live", "tests/live", *more)),
            Command("PostgreSQL", (*POSTGRESQL, *(more or ON_POSTGRESQL))),
        ),
    ]


def stages_before_a_commit() -> list[tuple[Command, ...]]:
    """The checks, the rules of the house, the core, and the tests beside what has changed since the last commit."""
    beside = [path for path in lying_beside(changed_files()) if path not in CORE]
    house = sorted(str(path) for path in ROOT.glob(HOUSE))
    for path in without_tests_beside(changed_files()):
        sys.stdout.write(f"No tests lie beside {path}. Run those that you know of, or all by ./greenroom test.\n")
    return [CHECKS, (Command("tests", (*PYTEST, "2", "-m", "not live", *beside, *CORE, *house)), TYPES)]


def stages_with_coverage() -> list[tuple[Command, ...]]:
    """The fast tests, and which lines they have run: as a table, and in the folder htmlcov."""
    covered = [f"--cov={folder}" for folder in COVERED]
    reports = ("--cov-report=term:skip-covered", "--cov-report=html")
    return [(Command("fast tests", (*PYTEST, "2", "-m", "not live", *covered, *reports)),)]


def run_stage(stage: Sequence[Command]) -> list[str]:
    """Run the commands beside each other; returns the names of those that failed.

    The first one writes as it goes, the others when they end.
    """
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        outputs = [None, *(stack.enter_context(tempfile.TemporaryFile()) for _ in stage[1:])]
        running = [
            (command, output, subprocess.Popen(command.line, stdin=subprocess.DEVNULL, stdout=output, stderr=output))
            for command, output in zip(stage, outputs, strict=True)
        ]
        try:
            return _failed(running, began)
        finally:
            for _, _, process in running:
                if process.poll() is None:
                    process.terminate()
                process.wait()


def _failed(running: list[tuple[Command, BinaryIO | None, "subprocess.Popen[bytes]"]], began: float) -> list[str]:
    failed, left = [], list(running)
    while left:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)  # returns when any of them has ended, and leaves it as it is
        for one in [one for one in left if one[2].poll() is not None]:
            left.remove(one)
            command, output, process = one
            result = "passed" if process.returncode == 0 else "FAILED"
            said = b""
            if output is not None:
                output.seek(0)
                said = output.read()
            sys.stdout.flush()
            # In one piece: the first command of a stage writes to the same place meanwhile
            sys.stdout.buffer.write(
                said + f"== {command.name} {result} after {time.monotonic() - began:.0f} s\n".encode()
            )
            sys.stdout.buffer.flush()
            if process.returncode:
                failed.append(command.name)
    return failed


def main(arguments: list[str]) -> int:
    """Run what was asked for; 1 as soon as a stage failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the commands end too
    if "--fast" in arguments:
        chosen = stages_before_a_commit()
    elif "--coverage" in arguments:
        chosen = stages_with_coverage()
    else:
        chosen = stages(is_all="--all" in arguments)
    for stage in chosen:
        if failed := run_stage(stage):
            sys.stdout.write(f"Failed: {', '.join(failed)}. Nothing after it was begun.\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
