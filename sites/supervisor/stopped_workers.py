"""Ends the workers of a part that a signal has stopped. The part itself cannot tell them from idle ones."""

import os
import signal
from contextlib import suppress

from sites.supervisor.hang import Judge
from sites.supervisor.identity import parent_of
from sites.supervisor.scheduling import STOPPED, Sight, children_of, state_of

STOPPED_SECONDS = 10.0


class StoppedWorkers:
    """Of the part with this pid, which is looked at every `look_seconds`."""

    def __init__(self, parent: int, look_seconds: float) -> None:
        self._parent = parent
        self._look_seconds = look_seconds
        self._judges: dict[int, Judge] = {}

    def end(self, moment: float) -> list[int]:
        """Look once; returns who was stopped for too long and was ended (SIGKILL also ends what is stopped)."""
        states = {pid: state_of(pid) for pid in children_of(self._parent)}
        stopped = {pid for pid, state in states.items() if state == STOPPED}
        self._judges = {pid: self._judges.get(pid) or self._judge() for pid in stopped}
        late = [pid for pid, judge in self._judges.items() if judge.see(moment, Sight(STOPPED), Sight(""))]
        return [pid for pid in late if self._kill(pid)]

    def _judge(self) -> Judge:
        return Judge(STOPPED_SECONDS, STOPPED_SECONDS, self._look_seconds)

    def _kill(self, pid: int) -> bool:
        """By descriptor, and only if it still is a child of the part, so that no stranger is meant."""
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                if parent_of(pid) == self._parent:
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                    return True
            finally:
                os.close(descriptor)
        return False
