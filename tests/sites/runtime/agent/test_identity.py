"""A process is never taken for another one."""

import os
import signal
import subprocess
from dataclasses import replace

from sites.runtime.agent.identity import children_of, identify, open_pidfd, parent_of, send


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


def test_the_same_process_is_recognised_and_strangers_are_not() -> None:
    identity = identify(os.getpid())
    assert identity is not None
    assert identity.is_alive()
    assert not replace(identity, starttime=identity.starttime - 1).is_alive()
    assert not replace(identity, boot="another boot").is_alive()


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    identity = identify(child.pid)
    assert identity is not None and identity.is_alive()
    assert parent_of(child.pid) == os.getpid()
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, not reaped
    assert not identity.is_alive()
    child.wait()
    assert identify(child.pid) is None
