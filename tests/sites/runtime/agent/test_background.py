"""Who works in the background stands behind others, also where the kernel groups sessions."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.runtime.agent.background import NICENESS, SLICE_NANOSECONDS, ask_for_slices, step_back

AUTOGROUP = Path("/proc/sys/kernel/sched_autogroup_enabled")


@pytest.fixture
def session() -> Iterator[int]:
    """A process that leads a session of its own."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process.pid
        process.kill()


def test_a_process_in_the_background_has_a_niceness(session: int) -> None:
    step_back(session)
    assert os.getpriority(os.PRIO_PROCESS, session) == NICENESS


def test_what_it_has_started_already_has_the_same_niceness() -> None:
    started = ["sh", "-c", "sleep 60 & echo $!; wait"]
    with subprocess.Popen(started, start_new_session=True, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        step_back(process.pid)
        try:
            assert os.getpriority(os.PRIO_PROCESS, child) == NICENESS
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_every_thread_that_it_has_already_has_the_same_niceness() -> None:
    code = "import threading as t\nt.Thread(target=input, daemon=True).start()\nprint(flush=True)\nt.Event().wait()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
        process.stdout.readline()
        step_back(process.pid)
        threads = os.listdir(f"/proc/{process.pid}/task")
        niceness = {os.getpriority(os.PRIO_PROCESS, int(thread)) for thread in threads}
        process.kill()
    assert (len(threads), niceness) == (2, {NICENESS})


@pytest.mark.skipif(not AUTOGROUP.exists() or AUTOGROUP.read_text() != "1\n", reason="sessions are not grouped")
def test_its_session_has_the_same_niceness_for_there_alone_it_counts_beside_others(session: int) -> None:
    step_back(session)
    assert Path(f"/proc/{session}/autogroup").read_text().split()[-1] == str(NICENESS)


def test_it_asks_for_long_slices_so_that_who_wakes_up_goes_first(session: int) -> None:
    found = _slice_of(session)
    if found is None or tuple(map(int, os.uname().release.split(".")[:2])) < (6, 12):
        pytest.skip("this kernel shows no slices, or has none of one's own")
    step_back(session)
    assert found < _slice_of(session) == SLICE_NANOSECONDS
    ask_for_slices(session, 0)
    assert (_slice_of(session), os.getpriority(os.PRIO_PROCESS, session)) == (found, NICENESS)


def test_what_has_ended_meanwhile_is_left_alone() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    step_back(process.pid)


def _slice_of(pid: int) -> int | None:
    shown = re.search(r"^se\.slice\s*:\s*(\d+)", Path(f"/proc/{pid}/sched").read_text(), re.MULTILINE)
    return int(shown[1]) if shown else None
