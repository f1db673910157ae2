"""Attempts on processes that are not the site's: to see, signal, read or take over."""

import ctypes
import errno
import os
import signal
from pathlib import Path

from tools.escape.attempt import ANYWHERE, AS_ROOT, IN_A_SANDBOX, Aim, Group, attempt
from tools.escape.system import call, status_of

OF_GREENROOM = (b"sites.runtime.agent", b"manage.py", b"redis-server", b"envoy", b"gunicorn: master")
MONITOR_MARK = b"GREENROOM_MARK="
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206


@attempt(Group.PROCESSES, modes=IN_A_SANDBOX)
def processes_of_greenroom_in_the_list(_aim: Aim) -> object:
    """The process namespace shows the site's own. What tries this names Greenroom's sockets in its own line."""
    own = Path("/proc/self/cmdline").read_bytes()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += [line for word in OF_GREENROOM if word in line and line != own]
    return found


@attempt(Group.PROCESSES, modes=IN_A_SANDBOX, refused_with=(errno.ESRCH,))
def a_signal_to_the_agent(aim: Aim) -> object:
    """By its number on the host."""
    os.kill(aim.agent_pid, 0)
    return "it was sent"


@attempt(Group.PROCESSES, modes=AS_ROOT, refused_with=(errno.ESRCH,))
def a_signal_to_the_init_of_the_sandbox(_aim: Aim) -> object:
    """It is root's."""
    os.kill(1, signal.SIGKILL)
    return "it was sent"


@attempt(Group.PROCESSES, modes=ANYWHERE, refused_with=(errno.ENOENT,))
def the_environment_of_init(_aim: Aim) -> object:
    """It holds a search path and a mark, and nothing of Greenroom's or of the site's."""
    entries = [entry for entry in Path("/proc/1/environ").read_bytes().split(b"\0") if entry]
    return [entry for entry in entries if not entry.startswith((b"PATH=", b"PWD=", MONITOR_MARK))]


@attempt(Group.PROCESSES, modes=AS_ROOT)
def the_memory_of_init(_aim: Aim) -> object:
    """Whoever writes there runs as it."""
    with open("/proc/1/mem", "r+b", buffering=0):
        return "it opens"


@attempt(Group.PROCESSES, modes=AS_ROOT)
def the_memory_map_of_init(_aim: Aim) -> object:
    """Addresses are half of an attack."""
    return Path("/proc/1/maps").read_text()


@attempt(Group.PROCESSES, modes=AS_ROOT)
def descriptors_of_init(_aim: Aim) -> object:
    """They could lead to the host's files."""
    return os.listdir("/proc/1/fd")


@attempt(Group.PROCESSES, modes=IN_A_SANDBOX)
def the_root_folder_of_init(_aim: Aim) -> object:
    """It has to be the sandbox's own."""
    return "" if os.path.samefile("/proc/1/root", "/") else "another one"


@attempt(Group.PROCESSES, modes=IN_A_SANDBOX, refused_with=(errno.ESRCH,))
def tracing_init(_aim: Aim) -> object:
    """PTRACE_ATTACH and PTRACE_SEIZE."""
    for request in (PTRACE_ATTACH, PTRACE_SEIZE):
        try:
            return f"{request} returned {call('ptrace', request, 1, 0, 0)}"
        except PermissionError:
            continue
    return ""


@attempt(Group.PROCESSES)
def tracing_ones_own_child(_aim: Aim) -> object:
    """It could freeze its own monitor."""
    child = os.fork()
    if child == 0:
        signal.pause()
    try:
        return f"it returned {call('ptrace', PTRACE_SEIZE, child, 0, 0)}"
    finally:
        os.kill(child, signal.SIGKILL)


@attempt(Group.PROCESSES)
def a_descriptor_of_the_parent(_aim: Aim) -> object:
    """pidfd_getfd."""
    handle = os.pidfd_open(os.getppid())
    return f"it returned {call('pidfd_getfd', handle, 0, 0)}"


@attempt(Group.PROCESSES)
def the_memory_of_the_parent(_aim: Aim) -> object:
    """process_vm_readv with a real buffer."""
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    packed = ctypes.create_string_buffer(bytes(vector), ctypes.sizeof(vector))
    return f"{call('process_vm_readv', os.getppid(), packed, 1, packed, 1, 0)} bytes"


@attempt(Group.PROCESSES, modes=AS_ROOT)
def limits_of_init(_aim: Aim) -> object:
    """prlimit of another user's process."""
    return os.getpriority(os.PRIO_PROCESS, 1) if _raises_niceness_of(1) else ""


@attempt(Group.PROCESSES, modes=IN_A_SANDBOX)
def a_user_map_of_ones_own(_aim: Aim) -> object:
    """uid_map of this process."""
    Path("/proc/self/uid_map").write_text(f"0 {os.getuid()} 1")
    return status_of()["Uid"]


def _raises_niceness_of(pid: int) -> bool:
    os.setpriority(os.PRIO_PROCESS, pid, 19)
    return True
