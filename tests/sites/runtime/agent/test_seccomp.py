"""The filter allows nothing that a container runtime refuses by default, and docs/system-calls.md says what differs."""

import errno
import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sites.runtime.agent.sandbox import HIDDEN
from sites.runtime.agent.seccomp import ALLOWED, BY_ARGUMENT, FAMILIES, FILTERS, PROTOCOLS, REFUSED, build_filter

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "system-calls.md").read_text()
PROFILE = Path(__file__).with_name("moby_profile.txt").read_text()
MASKED = "acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats".split()
"""Of /proc, by moby's default."""

UNDER_THE_FILTER = """
import ctypes, errno, json, os, resource, socket, stat, struct, subprocess, sys, tempfile, threading
program = sys.stdin.buffer.read()
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
buffer = ctypes.create_string_buffer(program, len(program))
loaded = Program(len(program) // 8, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(loaded), 0, 0) == 0
def error_of(action):
    try:
        action()
    except OSError as error:
        return error.errno
    return 0
folder = tempfile.mkdtemp()
def kind(name, mode, device=0):
    return error_of(lambda: os.mknod(f"{folder}/{name}", mode | 0o600, device))
NUMBERS = {"setrlimit": (160, 164), "prlimit64": (302, 261), "setsockopt": (54, 208), "prctl": (157, 167)}
nothing = ctypes.create_string_buffer(16)
def code_of(name, *arguments):
    number = NUMBERS[name][os.uname().machine != "x86_64"]
    answer = libc.syscall(ctypes.c_long(number), *(ctypes.c_void_p(each) for each in arguments))
    return ctypes.get_errno() if answer == -1 else 0
def limit(name, *arguments):
    return [code_of(name, *arguments), resource.getrlimit(resource.RLIMIT_CORE)]
end = socket.socket()
at, core, alias = ctypes.addressof(nothing), resource.RLIMIT_CORE, 1 << 32 | resource.RLIMIT_CORE
def thread():
    one = threading.Thread(target=lambda: None)
    one.start()
    one.join()
found = {
    "families": {number: error_of(lambda: socket.socket(number, socket.SOCK_STREAM)) for number in range(50)},
    "netlink": {number: error_of(lambda: socket.socket(16, socket.SOCK_RAW, number)) for number in range(24)},
    "tcp": {number: error_of(lambda: socket.socket(2, socket.SOCK_STREAM, number)) for number in range(300)},
    "pairs": {number: error_of(lambda: socket.socketpair(number)) for number in (1, 2, 30, 40)},
    "nodes": {name: kind(name, mode) for name, mode in (("fifo", stat.S_IFIFO), ("file", stat.S_IFREG),
        ("socket", stat.S_IFSOCK), ("character", stat.S_IFCHR), ("block", stat.S_IFBLK))},
    "dumps": [limit("setrlimit", core, at), limit("prlimit64", 0, core, at, 0), limit("setrlimit", alias, at),
        limit("prlimit64", 0, alias, at, 0)],
    "options": {f"{level} {name}": code_of("setsockopt", end.fileno(), level, name, at, 4)
        for level in (0, 1, 6, 17, 41, 255, 282, 1023) for name in range(256)},
    "wide": [code_of("setsockopt", end.fileno(), level, name, at, 16)
        for level, name in ((1, 1 << 32 | 26), (1 << 32 | 1, 26), (1 << 32 | 1, 1 << 32 | 26))],
    "programs": [code_of("prctl", number, 2, at, 0, 0) for number in (22, 1 << 32 | 22)],
    "prctl": [code_of("prctl", number, 0, 0, 0, 0) for number in (3, 0x53564D41)],
    "ulimit": subprocess.run("ulimit -c unlimited && ulimit -c 0 && ulimit -n 50 && ulimit -n", shell=True,
        capture_output=True, text=True).stdout,
    "mkfifo": error_of(lambda: os.mkfifo(f"{folder}/pipe")),
    "thread": error_of(thread),
    "child": subprocess.run(["true"]).returncode,
    "personalities": {value: error_of(lambda: (_ for _ in ()).throw(OSError(ctypes.get_errno(), ""))
        if libc.personality(ctypes.c_ulong(value)) < 0 else None) for value in (0xFFFFFFFF, 0x0, 0x0040000)},
}
print(json.dumps(found))
"""


def names(section: str) -> set[str]:
    return set(PROFILE.partition(f"[{section}]")[2].partition("[")[0].split())


def rows(name: str) -> list[list[str]]:
    """Of a table of the page."""
    table = PAGE.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.strip().splitlines()[2:]]


def calls_in(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def test_nothing_is_allowed_that_a_container_may_not() -> None:
    profile = names("any arguments") | names("some arguments")
    assert len(profile) > 300
    assert set(ALLOWED) <= names("any arguments")
    assert set(BY_ARGUMENT) <= profile
    assert not set(ALLOWED) & set(REFUSED)
    assert not set(BY_ARGUMENT) & {*ALLOWED, *REFUSED}
    assert len(set(ALLOWED)) == len(ALLOWED)


def test_every_difference_from_the_profile_stands_in_the_docs_with_its_reason() -> None:
    profile = names("any arguments") | names("some arguments")
    missing = profile - {*ALLOWED, *BY_ARGUMENT}
    narrower = set(BY_ARGUMENT) - {"clone", "personality"}
    documented = [call for cells in rows("differences") for call in calls_in(cells[0])]
    assert set(documented) == missing | narrower
    assert len(documented) == len(set(documented))
    assert all(len(cells[2]) > 20 for cells in rows("differences")), "each has a reason"


def test_families_and_protocols_stand_in_the_docs() -> None:
    assert {cells[0].strip("`") for cells in rows("families")} == {family.name for family in FAMILIES}


def test_every_entry_of_proc_that_a_container_does_not_see_is_hidden_and_named() -> None:
    assert set(MASKED) <= set(HIDDEN)
    table = PAGE.partition("<!-- hidden -->")[2].partition("<!-- /hidden -->")[0]
    assert re.findall(r"`([^`]+)`", table) == HIDDEN


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What a program gets from this kernel under the filter."""
    done = subprocess.run([sys.executable, "-c", UNDER_THE_FILTER], input=build_filter(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


def test_sockets_are_an_allow_list(found: dict[str, Any]) -> None:
    families = {int(number): code for number, code in found["families"].items()}
    refused = {number for number, code in families.items() if code == errno.EAFNOSUPPORT}
    assert refused == set(range(50)) - {int(family) for family in FAMILIES}
    assert families[socket.AF_INET] == families[socket.AF_UNIX] == 0
    assert {int(number) for number, code in found["netlink"].items() if code != errno.EPROTONOSUPPORT} == {0}
    allowed = {int(number) for number, code in found["tcp"].items() if code != errno.EPROTONOSUPPORT}
    assert {0, 6} <= allowed <= set(map(int, PROTOCOLS[socket.AF_INET]))
    assert found["pairs"] == {"1": 0, "2": 97, "30": 97, "40": 97}


def test_files_pipes_and_sockets_can_be_made_and_devices_cannot(found: dict[str, Any]) -> None:
    made = {name for name, code in found["nodes"].items() if code == 0}
    assert made == {"fifo", "file", "socket"}
    assert found["nodes"]["character"] == found["nodes"]["block"] == errno.EPERM
    assert found["mkfifo"] == 0


def test_the_limit_of_core_dumps_stays_and_whoever_sets_it_goes_on(found: dict[str, Any]) -> None:
    assert found["dumps"] == [[0, [1, 1]], [0, [1, 1]], [errno.ENOSYS, [1, 1]], [errno.ENOSYS, [1, 1]]]
    assert found["ulimit"] == "50\n", "scripts that set it do not fail, and other limits are changed"


def test_no_program_is_given_to_the_kernel_and_every_other_option_is_its_own_affair(found: dict[str, Any]) -> None:
    """A number with more than 32 bits, of which the kernel takes 32, is none that is allowed."""
    refused = {option for option, code in found["options"].items() if code == errno.ENOSYS}
    assert refused == set(), "whatever is no program reaches the kernel"
    assert [found["options"][f"1 {number}"] for number in FILTERS] == [errno.ENOPROTOOPT] * 4
    assert found["options"]["1 2"] == found["options"]["6 1"] == 0, "SO_REUSEADDR and TCP_NODELAY"
    assert found["wide"] == [errno.ENOSYS] * 3
    assert found["programs"] == [errno.EINVAL, errno.ENOSYS]
    assert errno.ENOSYS not in found["prctl"]


def test_threads_and_processes_are_made_as_ever(found: dict[str, Any]) -> None:
    assert (found["thread"], found["child"]) == (0, 0)


def test_a_personality_that_weakens_the_process_is_refused(found: dict[str, Any]) -> None:
    assert found["personalities"] == {str(0xFFFFFFFF): 0, "0": 0, str(0x0040000): errno.ENOSYS}
