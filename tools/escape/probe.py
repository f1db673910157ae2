"""Tries attempts, each in a process of its own, and judges what they got: `python -m tools.escape.probe AIM [NAMES]`.

Both are JSON. Without names it tries every attempt that has to fail for the aim.
"""

import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from tools.escape import files, kernel, network, processes, rights, sockets
from tools.escape.attempt import ATTEMPTS, Aim, Attempt

ROOMS = (files, kernel, network, processes, rights, sockets)
"""Named here because importing them registers what is in them."""
AT_ONCE = 12
LIMIT_SECONDS = 20.0
SHOWN = 300


class Verdict(StrEnum):
    """What became of an attempt."""

    HELD = "held"
    ESCAPED = "escaped"
    BROKEN = "broken"
    """It could not be tried, so nothing is known."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One attempt as it came out."""

    name: str
    group: str
    verdict: Verdict
    how: str


def probe(aim: Aim, names: Iterable[str] | None = None) -> list[Finding]:
    """Every attempt that is due for the aim, or those that are named whether due or not, by name."""
    wanted = [each for each in ATTEMPTS.values() if each.is_due(aim)] if names is None else [ATTEMPTS[n] for n in names]
    waiting, found = list(wanted), []
    running: dict[int, tuple[Attempt, int, float]] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            each = waiting.pop()
            pid, reader = _begin(each, aim)
            running[reader] = (each, pid, time.monotonic() + LIMIT_SECONDS)
        for reader in select.select(list(running), [], [], 0.2)[0] or _overdue(running):
            each, pid, deadline = running.pop(reader)
            found.append(_end(each, pid, reader, is_late=time.monotonic() > deadline))
    return sorted(found, key=lambda finding: finding.name)


def report(findings: list[Finding]) -> str:
    """As JSON, one line."""
    return json.dumps([asdict(finding) for finding in findings])


def read_report(line: str) -> list[Finding]:
    """The way back."""
    return [Finding(**{**row, "verdict": Verdict(row["verdict"])}) for row in json.loads(line)]


def _begin(attempt: Attempt, aim: Aim) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    os.close(reader)
    verdict, how = _try(attempt, aim)
    os.write(writer, f"{verdict} {how}".encode(errors="replace")[:SHOWN])
    os._exit(0)


def _try(attempt: Attempt, aim: Aim) -> tuple[Verdict, str]:
    try:
        got = attempt.try_it(aim)
    except OSError as error:
        is_refusal = error.errno in attempt.refused_with
        return Verdict.HELD if is_refusal else Verdict.BROKEN, str(error)
    except Exception as error:
        return Verdict.BROKEN, repr(error)
    return (Verdict.ESCAPED, str(got)) if got else (Verdict.HELD, "nothing was got")


def _overdue(running: dict[int, tuple[Attempt, int, float]]) -> list[int]:
    return [reader for reader, (_, _, deadline) in running.items() if time.monotonic() > deadline]


def _end(attempt: Attempt, pid: int, reader: int, *, is_late: bool) -> Finding:
    if is_late:
        os.kill(pid, signal.SIGKILL)
    told = os.read(reader, SHOWN).decode(errors="replace")
    os.close(reader)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    verdict, _, how = told.partition(" ")
    if not told:
        is_filtered = code == -signal.SIGSYS
        verdict, how = (
            (Verdict.HELD, "the kernel ended it") if is_filtered else (Verdict.BROKEN, f"it ended with {code}")
        )
    return Finding(attempt.name, attempt.group, Verdict(verdict), how)


def main() -> None:
    """The report is on stdout."""
    aim, *names = (json.loads(argument) for argument in sys.argv[1:])
    sys.stdout.write(report(probe(Aim(**aim), *names)) + "\n")


if __name__ == "__main__":
    main()
