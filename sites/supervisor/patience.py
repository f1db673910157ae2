"""How long a start may take: as long as it gets on. A slow or busy machine is no reason to give a part up."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LOOK_SECONDS = 1.0
SHARE = 0.02
"""Of the time. A part that uses less of a processor waits for something, for example in vain."""
MAX_SHARE = 5
"""Times `seconds` of processor time: no start takes so much, on any machine, unless it goes round in circles."""
NEWS_SECONDS = 10.0


class Patience:
    """With one start. It ends when the part has got on for too little of the last `seconds`, or for far too much."""

    def __init__(self, pid: int, seconds: float, *, used: Callable[[int], float] | None = None) -> None:
        """`used` says how many seconds of processor time the session of `pid` has used so far."""
        self._pid = pid
        self._seconds = seconds
        self._used = used or session_seconds
        self._began = self._looked_at = self._got_on_at = self._told_at = time.monotonic()
        self._used_before = self._used_then = self._used(pid)

    @property
    def waited(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def is_over(self) -> bool:
        """Whether to give up."""
        moment = time.monotonic()
        if moment - self._looked_at >= min(LOOK_SECONDS, self._seconds / 4):
            used = self._used(self._pid)
            if used - self._used_then >= SHARE * (moment - self._got_on_at) and used > self._used_then:
                self._got_on_at, self._used_then = moment, used
            self._looked_at = moment
            if used - self._used_before > MAX_SHARE * self._seconds:
                return True
        return moment - self._got_on_at >= self._seconds

    def has_news(self) -> bool:
        """Whether it is time to say that the start is under way: once in a while."""
        moment = time.monotonic()
        is_time = moment - self._told_at >= NEWS_SECONDS
        if is_time:
            self._told_at = moment
        return is_time


def session_seconds(leader: int) -> float:
    """Processor time that the processes of a session and their children have used, in seconds."""
    ticks = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader:
                    ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
