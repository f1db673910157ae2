"""The launcher gives up every right before it looks at what a site brings, or it runs nothing."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sites.runtime.agent.launcher import NOT_FOUND, NOT_RUN, pack, unpack
from sites.runtime.agent.sandbox import Mode, launcher_of
from sites.runtime.agent.seccomp import build_filter

USER = 20077 if os.geteuid() == 0 else os.geteuid()
TELL = """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"env": dict(os.environ), "cwd": os.getcwd(), "umask": os.umask(0), "fds": os.listdir("/proc/self/fd"),
    **{name: status[name].split() for name in ("Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn")},
    "caps": sorted({status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")})}))
"""
ENV = {"PATH": "/usr/bin:/bin", "LC_CTYPE": "C.UTF-8", "KEY": "a=b\nc"}


@contextmanager
def opened(folder: Path, content: bytes) -> Iterator[int]:
    """A descriptor with that content."""
    with tempfile.TemporaryFile(dir=folder) as stream:
        stream.write(content)
        stream.seek(0)
        yield stream.fileno()


def launch(
    folder: Path, command: tuple[str, ...], *, user: int = USER, env: dict[str, str] = ENV, directory: str = "/"
) -> subprocess.CompletedProcess[str]:
    with opened(folder, pack(directory, command, env)) as program, opened(folder, build_filter()) as calls:
        line = launcher_of(Mode.NONE, user, program, calls)
        return subprocess.run(line, pass_fds=[program, calls], capture_output=True, text=True, env={}, umask=0o077)


def test_what_was_packed_is_unpacked() -> None:
    packed = pack("/app", ("sh", "-c", "", "é"), {"A": "1\n=2", "B": ""})
    command = ["sh", "-c", "", "é"]
    assert unpack(packed) == (b"/app", [word.encode() for word in command], {b"A": b"1\n=2", b"B": b""})
    assert unpack(pack("/", ("x",), {})) == (b"/", [b"x"], {})


@pytest.mark.parametrize("env", [{"A=B": "1"}, {"": "1"}, {"A": "x\0B=y"}])
def test_a_setting_that_would_become_another_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="setting"):
        pack("/app", ("x",), env)


def test_a_command_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        pack("/app", ("x", "a\0b"), {})


def test_the_program_has_the_sites_environment_and_no_right(tmp_path: Path) -> None:
    done = launch(tmp_path, ("/usr/bin/python3", "-I", "-c", TELL), directory="/usr")
    found = json.loads(done.stdout)
    assert found["env"] == ENV
    assert found["cwd"] == "/usr"
    assert found["umask"] == 0o022
    assert found["Uid"] == found["Gid"] == [str(USER)] * 4
    assert found["caps"] == ["0" * 16]
    assert (found["NoNewPrivs"], found["Seccomp"]) == (["1"], ["2"])
    assert sorted(found["fds"]) == ["0", "1", "2", "3"], "0–2 and the listing itself"
    assert found["SigBlk"] == ["0" * 16]


def test_no_signal_is_ignored_by_the_program_but_that_of_a_file_too_large(tmp_path: Path) -> None:
    done = launch(tmp_path, ("/bin/sh", "-c", "grep SigIgn /proc/self/status"))
    assert done.stdout.split() == ["SigIgn:", f"{1 << signal.SIGXFSZ - 1:016x}"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has groups to give up")
def test_no_group_of_root_stays(tmp_path: Path) -> None:
    assert launch(tmp_path, ("/usr/bin/id", "-G")).stdout == f"{USER}\n"


def test_a_process_that_would_keep_a_right_runs_nothing_of_the_site(tmp_path: Path) -> None:
    """Nobody but root can become somebody else, so it is still its own user."""
    prefix = ("setpriv", "--reuid", "65534", "--") if os.geteuid() == 0 else ()
    with opened(tmp_path, pack("/", ("/bin/echo", "it ran"), {})) as program, opened(tmp_path, build_filter()) as calls:
        line = [*prefix, "/usr/bin/python3", *launcher_of(Mode.NONE, 20078, program, calls)[1:]]
        done = subprocess.run(line, pass_fds=[program, calls], capture_output=True, text=True)
    assert done.returncode == NOT_RUN
    assert done.stdout == ""
    assert "Nothing of the site was run" in done.stderr
    assert "Uid" in done.stderr


def test_a_process_without_the_filter_runs_nothing_of_the_site(tmp_path: Path) -> None:
    with opened(tmp_path, pack("/", ("/bin/echo", "it ran"), {})) as program:
        line = launcher_of(Mode.NONE, USER, program, 0)[:-1]
        done = subprocess.run(line, pass_fds=[program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (NOT_RUN, "")
    assert "Seccomp 0" in done.stderr


@pytest.mark.parametrize(
    ("command", "directory", "code", "said"),
    [
        (("no-such-program",), "/", NOT_FOUND, "no-such-program: No such file or directory\n"),
        (("/etc/passwd",), "/", NOT_RUN, "/etc/passwd: Permission denied\n"),
        (("true",), "/no-such-folder", NOT_RUN, "/no-such-folder: No such file or directory\n"),
    ],
)
def test_what_cannot_be_run_is_named(
    tmp_path: Path, command: tuple[str, ...], directory: str, code: int, said: str
) -> None:
    done = launch(tmp_path, command, directory=directory)
    assert (done.returncode, done.stderr) == (code, said)
