"""Attempts by system calls that no site may make, each with arguments that would harm nothing if it were let through.

The filter has to refuse them by itself, so any other answer than a refusal counts as having got through to the kernel.
"""

import ctypes
import errno
import mmap
import os
import platform
import socket
import stat
import struct
import tempfile
from functools import partial

from tools.escape.attempt import Aim, Group, attempt, register
from tools.escape.system import call, has_call, raw_call

NAMESPACES = {
    "mount": 0x00020000,
    "control group": 0x02000000,
    "host name": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "process": 0x20000000,
    "network": 0x40000000,
}
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
EMPTY = b"\0" * 256
NOWHERE = b"/no-such-file"
BAD = 9999
"""A descriptor that is not open."""

CALLS: dict[str, tuple[int | bytes | None, ...]] = {
    "acct": (NOWHERE,),
    "add_key": (b"user", b"greenroom", b"x", 1, -2),
    "adjtimex": (EMPTY,),
    "bpf": (0, EMPTY, 0),
    "chroot": (b"/",),
    "clock_adjtime": (0, EMPTY),
    "clock_settime": (0, None),
    "clone3": (EMPTY, 0),
    "delete_module": (NOWHERE, 0),
    "fanotify_init": (0x200, 0),
    "fanotify_mark": (BAD, 1, 1, -100, b"/"),
    "finit_module": (BAD, b"", 0),
    "fsconfig": (BAD, 0, None, None, 0),
    "fsmount": (BAD, 0, 0),
    "fsopen": (b"tmpfs", 0),
    "fspick": (-100, b"/", 0),
    "init_module": (EMPTY, 0, b""),
    "io_uring_enter": (BAD, 0, 0, 0, None, 0),
    "io_uring_register": (BAD, 0, None, 0),
    "io_uring_setup": (1, EMPTY),
    "io_setup": (1, EMPTY),
    "ioperm": (0x80, 1, 1),
    "iopl": (3,),
    "kcmp": (1, 1, 0, 0, 0),
    "kexec_file_load": (BAD, BAD, 0, b"", 0),
    "kexec_load": (0, 0, None, -1),
    "keyctl": (0, -3, 1),
    "lookup_dcookie": (0, EMPTY, 0),
    "modify_ldt": (0, EMPTY, 16),
    "mount": (b"none", b"/tmp", b"tmpfs", 0, None),
    "mount_setattr": (-100, b"/", 0, EMPTY, 32),
    "move_mount": (BAD, b"", BAD, b"", 0),
    "name_to_handle_at": (-100, b"/", EMPTY, EMPTY, 0),
    "open_by_handle_at": (-100, EMPTY, 0),
    "open_tree": (-100, b"/", 1),
    "perf_event_open": (EMPTY, 0, -1, -1, 0),
    "pidfd_getfd": (BAD, 0, 0),
    "pivot_root": (b"/tmp", b"/tmp"),
    "process_madvise": (BAD, None, 0, 0, 0),
    "process_vm_readv": (1, None, 0, None, 0, 0),
    "process_vm_writev": (1, None, 0, None, 0, 0),
    "quotactl": (0x80000700, None, 0, EMPTY),
    "quotactl_fd": (BAD, 0x80000700, 0, EMPTY),
    "reboot": (0xFEE1DEAD - (1 << 32), 672274793, 0, None),
    "request_key": (b"user", b"greenroom", None, 0),
    "seccomp": (2, 0, struct.pack("I", 0x7FFF0000)),
    "setdomainname": (b"x", 1),
    "sethostname": (b"x", 1),
    "setns": (BAD, 0),
    "settimeofday": (None, None),
    "swapoff": (NOWHERE,),
    "swapon": (NOWHERE, 0),
    "syslog": (10, None, 0),
    "umount2": (b"/tmp", 2),
    "userfaultfd": (1,),
    "vhangup": (),
}
"""A call and its arguments. `reboot` would let Ctrl-Alt-Del do nothing, `settimeofday` sets nothing."""


def _reaches_the_kernel(name: str, arguments: tuple[int | bytes | None, ...], _aim: Aim) -> str:
    if not has_call(name):
        return ""
    given = [ctypes.create_string_buffer(value, 256) if value == EMPTY else value for value in arguments]
    try:
        return f"it returned {call(name, *given)}"
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS):
            raise
        return f"the kernel answered {error.strerror}"


for _name, _arguments in CALLS.items():
    register(
        f"call {_name}",
        Group.KERNEL,
        partial(_reaches_the_kernel, _name, _arguments),
    )


def _unshares(flag: int, _aim: Aim) -> str:
    call("unshare", flag)
    return "it did"


def _clones(flag: int, _aim: Aim) -> str:
    child = call("clone", flag | 17, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return f"process {child} was made"


for _name, _flag in NAMESPACES.items():
    register(
        f"a new {_name} namespace by unshare",
        Group.KERNEL,
        partial(_unshares, _flag),
    )
    register(
        f"a new {_name} namespace by clone",
        Group.KERNEL,
        partial(_clones, _flag),
    )


@attempt(Group.KERNEL)
def the_namespaces_of_init(_aim: Aim) -> object:
    """Its mount namespace is the sandbox's own; entering it needs rights all the same."""
    descriptor = os.open("/proc/1/ns/mnt", os.O_RDONLY)
    return f"setns returned {call('setns', descriptor, 0)}"


@attempt(Group.KERNEL)
def tracing_by_the_parent(_aim: Aim) -> object:
    """PTRACE_TRACEME."""
    return f"ptrace returned {call('ptrace', 0, 0, 0, 0)}"


@attempt(Group.KERNEL, refused_with=(errno.EINVAL,))
def a_filter_of_system_calls_of_ones_own(_aim: Aim) -> object:
    """For the memory of such filters the whole machine has one bound."""
    instruction = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))  # return: allowed
    program = ctypes.create_string_buffer(struct.pack("@HP", 1, ctypes.addressof(instruction)))
    return f"prctl returned {call('prctl', PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)}"


@attempt(Group.KERNEL)
def an_address_space_without_randomness(_aim: Aim) -> object:
    """personality(ADDR_NO_RANDOMIZE)."""
    return f"personality returned {call('personality', 0x0040000)}"


@attempt(Group.KERNEL)
def the_memory_disk_as_a_device_of_ours(_aim: Aim) -> object:
    """mknod of a character device, in a folder of the site's own."""
    with tempfile.TemporaryDirectory() as folder:
        os.mknod(f"{folder}/mem", stat.S_IFCHR | 0o666, os.makedev(1, 1))
        return "the device node was made"


@attempt(Group.KERNEL)
def a_disk_as_a_device_of_ours(_aim: Aim) -> object:
    """mknod of a block device."""
    with tempfile.TemporaryDirectory() as folder:
        os.mknod(f"{folder}/disk", stat.S_IFBLK | 0o666, os.makedev(8, 0))
        return "the device node was made"


@attempt(Group.KERNEL)
def a_call_of_i386(_aim: Aim) -> object:
    """socket(AF_VSOCK) by int 0x80, where calls have other numbers."""
    if platform.machine() != "x86_64":
        return ""
    # mov eax, 359 (socket); mov ebx, 40; mov ecx, 1; xor edx, edx; int 0x80; ret, with rbx kept
    code = bytes.fromhex("53 b8 67010000 bb 28000000 b9 01000000 31d2 cd80 5b c3")
    memory = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
    answer = function()
    if -answer in (errno.EPERM, errno.ENOSYS):
        raise OSError(-answer, os.strerror(-answer))
    return f"the kernel answered {answer}"


@attempt(Group.KERNEL)
def a_call_of_x32(_aim: Aim) -> object:
    """socket(AF_VSOCK) under its x32 number."""
    if platform.machine() != "x86_64":
        return ""
    try:
        return f"it returned {raw_call(0x40000000 | 41, socket.AF_VSOCK, socket.SOCK_STREAM, 0)}"
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS):
            raise
        return f"the kernel answered {error.strerror}"


@attempt(Group.KERNEL)
def a_call_of_the_future(_aim: Aim) -> object:
    """A number that no list has, so that a new kernel's calls are nobody's before they were looked at."""
    try:
        return f"it returned {raw_call(467, -100, b'/', 0, None, 0)}"
    except OSError as error:
        if error.errno == errno.ENOSYS:
            raise
        return f"the kernel answered {error.strerror}"
