"""A process is never taken for another one."""

import os
import signal
import subprocess
from dataclasses import replace

from sites.runtime.agent.identity import children_of, identify, open_pidfd, send


def test_only_the_process_that_is_meant_is_signalled() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        meant = identify(process.pid)
        assert meant is not None
        assert process.pid in children_of(os.getpid())
        assert not send(replace(meant, starttime=meant.starttime + 1), signal.SIGKILL)
        assert not send(replace(meant, boot="another boot"), signal.SIGKILL)
        assert identify(process.pid) == meant
        assert send(meant, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert identify(process.pid) is None, "one that nobody has collected yet has ended"
        assert open_pidfd(meant) is None


def test_nobody_is_no_process() -> None:
    assert open_pidfd(None) is None
    assert not send(None, signal.SIGTERM)
