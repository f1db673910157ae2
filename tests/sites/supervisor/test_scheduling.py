"""What the kernel says of a process."""

import os
import signal
import subprocess
import time

import pytest

from sites.supervisor.scheduling import STOPPED, look_at, state_of


def test_a_stopped_process_is_seen_as_stopped() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            sleeper.send_signal(signal.SIGSTOP)
            os.waitpid(sleeper.pid, os.WUNTRACED)
            assert state_of(sleeper.pid) == STOPPED
        finally:
            sleeper.kill()
    assert state_of(sleeper.pid) == ""


def test_the_time_on_a_processor_is_counted() -> None:
    before = look_at(os.getpid())
    if before.ran == 0:
        pytest.fail("this kernel counts no times of its scheduler (CONFIG_SCHED_INFO)")
    ends_at = time.process_time() + 0.05
    while time.process_time() < ends_at:
        pass
    assert look_at(os.getpid()).ran - before.ran >= 0.04
