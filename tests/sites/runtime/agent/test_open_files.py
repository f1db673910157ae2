"""However a process keeps a file without a name, it is seen, and looking never takes long."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sites.runtime.agent import open_files
from sites.runtime.agent.identity import children_of
from sites.runtime.agent.open_files import STEP_BYTES, Hidden, InFlight, deleted_but_open, processes_below

SIZE = 1024 * 1024
BEGIN = f"""
import ctypes, mmap, os, shutil, socket, subprocess, sys, threading, time
def deleted():
    file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    os.write(file, bytes({SIZE}))
    os.unlink(sys.argv[1])
    return file
def ready():
    os.write(1, b"ready")
    os.close(1)
def for_ever():
    time.sleep(1000)
libc = ctypes.CDLL(None)
"""
OF_A_CHILD_OF_A_THREAD = """
def child():
    if os.fork() == 0:
        deleted(); ready(); for_ever()
    os.close(1)
    for_ever()
threading.Thread(target=child).start()
"""
OF_ONE_THREAD = """
CLONE_FILES = 0x400
def alone():
    assert libc.unshare(CLONE_FILES) == 0
    deleted(); ready(); for_ever()
threading.Thread(target=alone).start()
threading.Event().wait(1)
for number in range(1, 10):
    try:
        os.close(number)
    except OSError:
        pass
for_ever()
"""
MAPPED = """
file = deleted()
kept = mmap.mmap(file, 0)
os.close(file)
ready(); for_ever()
"""
RUN = """
shutil.copy2(shutil.which("sleep"), sys.argv[1])
process = subprocess.Popen([sys.argv[1], "1000"], stdout=subprocess.DEVNULL)
os.unlink(sys.argv[1])
ready(); for_ever()
"""
WITHOUT_FIRST_THREAD = """
def rest():
    time.sleep(0.2)
    ready(); for_ever()
threading.Thread(target=rest).start()
libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
"""
IN_FLIGHT = """
here, there = socket.socketpair()
file = deleted()
socket.send_fds(here, [b"x"], [file])
os.close(file)
ready(); for_ever()
"""


@contextmanager
def running(program: str, folder: Path) -> Iterator[int]:
    """A process that has done what the program says."""
    line = [sys.executable, "-c", BEGIN + program, str(folder / "file")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.read(5) == b"ready"
            yield process.pid
        finally:
            os.killpg(process.pid, 9)


def look(pid: int, folder: Path) -> Hidden:
    return deleted_but_open(processes_below(pid), {folder.stat().st_dev})


@pytest.mark.parametrize(
    "program", [OF_A_CHILD_OF_A_THREAD, OF_ONE_THREAD, MAPPED], ids=["child of a thread", "thread", "mapped"]
)
def test_a_file_without_a_name_counts_in_whatever_process_or_thread_it_is(program: str, tmp_path: Path) -> None:
    with running(program, tmp_path) as pid:
        found = look(pid, tmp_path)
    assert (found.use.files, found.use.is_complete) == (1, True)
    assert found.use.bytes >= SIZE


def test_a_program_that_runs_without_its_file_counts(tmp_path: Path) -> None:
    with running(RUN, tmp_path) as pid:
        assert look(pid, tmp_path).use.files == 1


def test_a_process_of_which_the_kernel_tells_too_little_is_not_known_completely(tmp_path: Path) -> None:
    with running(WITHOUT_FIRST_THREAD, tmp_path) as pid:
        assert not look(pid, tmp_path).use.is_complete


def test_files_on_their_way_through_a_socket_are_counted(tmp_path: Path) -> None:
    with running(IN_FLIGHT, tmp_path) as pid:
        assert look(pid, tmp_path).in_flight == 1


def test_they_count_as_what_the_disk_loses_while_some_are_always_on_their_way() -> None:
    handing_over, hiding, waiting = InFlight(), InFlight(), InFlight()
    disk = [10 * STEP_BYTES - look * STEP_BYTES for look in range(6)]
    assert [handing_over.may_hide(look % 2, free) for look, free in enumerate(disk)] == [False] * 6
    assert [waiting.may_hide(1, disk[0]) for _ in range(6)] == [False] * 6
    assert [hiding.may_hide(1, free) for free in disk] == [False, False, True, True, True, True]


def test_whoever_has_more_open_than_can_be_looked_at_is_not_known_completely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "MAX_LOOKS", 50)
    with running("files = [os.dup(0) for _ in range(100)]; ready(); for_ever()", tmp_path) as pid:
        assert not look(pid, tmp_path).use.is_complete


def test_what_a_thread_has_started_is_a_child_too(tmp_path: Path) -> None:
    with running(OF_A_CHILD_OF_A_THREAD, tmp_path) as pid:
        assert len(children_of(pid)) == 1


def test_what_is_compared_are_tables_of_descriptors() -> None:
    """A kernel without kcmp(2) would have every thread looked at, which is slower and no less true."""
    same = ctypes.CDLL(None).syscall(open_files.KCMP, os.getpid(), os.getpid(), open_files.KCMP_FILES, 0, 0)
    assert same in (0, -1)
