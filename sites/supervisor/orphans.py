"""`up` as the process that orphans below it become children of: proc_pid(5), PR_SET_CHILD_SUBREAPER in prctl(2)."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from sites.runtime.agent.identity import identify

PR_SET_CHILD_SUBREAPER = 36


def collect_orphans(is_wanted: bool = True) -> None:
    """From now on this process is the parent of what its descendants leave behind; kept by an exec."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(is_wanted), 0, 0, 0)


class Orphans:
    """Children that nobody here has started, for example monitors of instances whose agent was killed."""

    def __init__(self) -> None:
        self._ended: set[int] = set()

    def reap(self) -> None:
        """Reap those that had ended at the call before: whoever waits for a child of his own has reaped it by now."""
        ended = {pid for pid in _children() if identify(pid) is None}
        for pid in ended & self._ended:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        self._ended = ended


def _children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found
