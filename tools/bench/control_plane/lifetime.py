"""Starts and stops of an installation, beside the time that one command of Django takes on the same machine."""

import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

from tools.demo.installation import MANAGE, Installation

CHECKS = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One `manage.py check`: the unit in which slow and fast machines can be compared."""

    seconds: float
    cpu_seconds: float


@dataclass
class Lifetime:
    """How long warm starts and stops took, in seconds."""

    starts: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)

    def restart(self, installation: Installation) -> None:
        """Stop everything and start it again, with what the installation holds by now. Raises NotStarted."""
        began = time.monotonic()
        installation.end()
        self.stops.append(time.monotonic() - began)
        self.starts.append(installation.start())


def check(installation: Installation) -> Check:
    """The medians of some runs; the first is not counted, since it reads the files from disk."""
    runs = [_check_once(installation) for _ in range(CHECKS + 1)][1:]
    return Check(statistics.median(one.seconds for one in runs), statistics.median(one.cpu_seconds for one in runs))


def _check_once(installation: Installation) -> Check:
    began, before = time.monotonic(), _children()
    subprocess.run(
        [sys.executable, str(MANAGE), "check"], env=installation.environment, capture_output=True, check=True
    )
    return Check(time.monotonic() - began, _children() - before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
