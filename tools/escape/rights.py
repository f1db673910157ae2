"""Attempts to be, or to stay, somebody with more rights than a site's user."""

import ctypes
import errno
import os
import resource
import stat
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tools.escape.attempt import ANYWHERE, IN_A_SANDBOX, Aim, Group, attempt
from tools.escape.system import call, libc, status_of

CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, PR_SET_SECUREBITS, PR_SET_MM = 47, 2, 28, 35
CAP_SYS_ADMIN = 21
TOOLS = Path("/usr/bin"), Path("/usr/sbin"), Path("/usr/libexec"), Path("/usr/lib")
OPTION_BYTES = 4096
NOT_MAPPED = (errno.EINVAL,)
"""In a user namespace with one user there is no other to become."""


@attempt(Group.RIGHTS)
def a_user_other_than_the_sites(aim: Aim) -> object:
    """What the process is from its start."""
    ids = set(status_of()["Uid"].split() + status_of()["Gid"].split())
    if aim.mode == "none" and os.getuid() < 20000:
        return ""  # without root every site runs as the one who runs Greenroom, as the level says
    return "" if ids == {str(os.getuid())} and os.getuid() >= 20000 else f"user and groups {ids}"


@attempt(Group.RIGHTS)
def a_capability_that_was_left(_aim: Aim) -> object:
    """Effective, permitted, inheritable or ambient."""
    status = status_of()
    return [f"{name} {status[name]}" for name in CAPABILITIES if int(status[name], 16)]


@attempt(Group.RIGHTS, modes=IN_A_SANDBOX)
def a_bounding_set_that_was_left(_aim: Aim) -> object:
    """What a program with file capabilities could give."""
    return "" if not int(status_of()["CapBnd"], 16) else f"CapBnd {status_of()['CapBnd']}"


@attempt(Group.RIGHTS)
def groups_that_were_left(_aim: Aim) -> object:
    """Supplementary ones: as root they are given up, another user cannot."""
    return "" if os.getuid() < 20000 or 65534 in os.getgroups() else [each for each in os.getgroups() if each < 20000]


@attempt(Group.RIGHTS)
def new_privileges_by_exec(_aim: Aim) -> object:
    """no_new_privs must be set."""
    return "" if status_of()["NoNewPrivs"] == "1" else "no_new_privs is off"


@attempt(Group.RIGHTS)
def a_process_without_the_filter(_aim: Aim) -> object:
    """Seccomp must be in mode 2."""
    return "" if status_of()["Seccomp"] == "2" else "no filter"


@attempt(Group.RIGHTS, refused_with=NOT_MAPPED)
def becoming_root(_aim: Aim) -> object:
    """setresuid(0)."""
    os.setresuid(0, 0, 0)
    return os.getresuid()


@attempt(Group.RIGHTS, refused_with=NOT_MAPPED)
def becoming_another_site(_aim: Aim) -> object:
    """setresuid of the next site's user."""
    os.setresuid(20001, 20001, 20001)
    return os.getresuid()


@attempt(Group.RIGHTS, refused_with=NOT_MAPPED)
def joining_roots_group(_aim: Aim) -> object:
    """setresgid(0)."""
    os.setresgid(0, 0, 0)
    return os.getresgid()


@attempt(Group.RIGHTS, refused_with=NOT_MAPPED)
def joining_other_groups(_aim: Aim) -> object:
    """setgroups."""
    os.setgroups([0, 4, 6])
    return os.getgroups()


@attempt(Group.RIGHTS)
def taking_a_capability(_aim: Aim) -> object:
    """capset with CAP_SYS_ADMIN."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    wanted = (ctypes.c_uint32 * 6)(1 << CAP_SYS_ADMIN, 1 << CAP_SYS_ADMIN, 0, 0, 0, 0)
    if libc.capset(header, wanted) == 0:
        return "capset took it"
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@attempt(Group.RIGHTS)
def an_ambient_capability(_aim: Aim) -> object:
    """It would live on through exec."""
    return "it was raised" if _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN) == 0 else ""


@attempt(Group.RIGHTS)
def other_secure_bits(_aim: Aim) -> object:
    """They say what root's programs get."""
    return "they were set" if _prctl(PR_SET_SECUREBITS, 1) == 0 else ""


@attempt(Group.RIGHTS, modes=IN_A_SANDBOX)
def privileged_programs_of_the_system(_aim: Aim) -> object:
    """set-uid and set-gid programs, and those with file capabilities: none gives anything.

    Some go on in the background, so they are started only where they end with the sandbox.
    """
    return [found for program in _privileged_programs() if (found := _rights_while_it_runs(program))]


@attempt(Group.RIGHTS, refused_with=NOT_MAPPED)
def a_set_uid_program_of_ones_own(_aim: Aim) -> object:
    """A copy of a program, given to root and marked."""
    copy = Path(os.environ.get("TMPDIR", "/tmp"), "mine")  # noqa: S108 - of the sandbox
    copy.write_bytes(Path("/usr/bin/id").read_bytes())
    try:
        os.chown(copy, 0, 0)
        copy.chmod(0o6755)
        return subprocess.run([str(copy)], capture_output=True, text=True).stdout
    finally:
        copy.unlink()


@attempt(Group.RIGHTS, refused_with=(errno.EINVAL,))
def a_file_capability_of_ones_own(_aim: Aim) -> object:
    """security.capability with CAP_SYS_ADMIN."""
    copy = Path(os.environ.get("TMPDIR", "/tmp"), "capable")  # noqa: S108 - of the sandbox
    copy.write_bytes(Path("/usr/bin/id").read_bytes())
    try:
        value = bytes.fromhex("01000002") + (1 << CAP_SYS_ADMIN).to_bytes(4, "little") + bytes(12)
        os.setxattr(copy, "security.capability", value)
        return "the attribute was set"
    finally:
        copy.unlink()


@attempt(Group.RIGHTS, refused_with=(errno.EINVAL,))
def a_limit_raised(_aim: Aim) -> object:
    """Above the hard one."""
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
        hard = resource.getrlimit(limit)[1]
        if hard != resource.RLIM_INFINITY:
            with suppress(ValueError):
                resource.setrlimit(limit, (hard + 1, hard + 1))
            if resource.getrlimit(limit)[1] != hard:
                return f"limit {limit} is {hard + 1}"
    return ""


@attempt(Group.RIGHTS)
def a_core_dump_by_the_machines_own_program(_aim: Aim) -> object:
    """A limit of 0 has the kernel start it all the same, as root and outside the sandbox; 1 does not (core(5))."""
    for value in (0, 4096):
        with suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (value, value))
        limits = resource.getrlimit(resource.RLIMIT_CORE)
        if limits != (1, 1):
            return f"the limits are {limits}"
    return ""


@attempt(Group.RIGHTS)
def going_before_others_for_the_processor(_aim: Aim) -> object:
    """A lower niceness."""
    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) - 5)
    return "it was taken"


@attempt(Group.RIGHTS)
def the_processor_for_oneself(_aim: Aim) -> object:
    """SCHED_FIFO."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    return "it was taken"


@attempt(Group.RIGHTS)
def staying_when_memory_runs_out(_aim: Aim) -> object:
    """A lower oom_score_adj."""
    lower = int(Path("/proc/self/oom_score_adj").read_text()) - 500
    Path("/proc/self/oom_score_adj").write_text(str(lower))
    return "it was taken"


@attempt(Group.RIGHTS)
def descriptors_that_were_left_open(_aim: Aim) -> object:
    """Beyond what the probe opened itself, which the kernel names."""
    known = ("pipe:", "socket:", "anon_inode:", "/dev/null", "/dev/pts")
    found = {number: _target(number) for number in os.listdir("/proc/self/fd") if int(number) > 2}
    return {number: target for number, target in found.items() if target and not target.startswith(known)}


@attempt(Group.RIGHTS)
def a_terminal_of_the_hosts(_aim: Aim) -> object:
    """A controlling terminal could be typed into."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return ""
    return "/dev/tty opens"


@attempt(Group.RIGHTS)
def what_greenroom_was_started_with(_aim: Aim) -> object:
    """Variables of its own environment."""
    own = ("GREENROOM_", "DJANGO_", "DATABASE_URL", "REDIS_URL", "SUDO_", "SSH_")
    return sorted(name for name in os.environ if name.startswith(own))


@attempt(Group.RIGHTS, modes=ANYWHERE, refused_with=(errno.EINVAL,))
def the_memory_map_of_a_program(_aim: Aim) -> object:
    """prctl(PR_SET_MM), by which a process hides what it is."""
    return "it was set" if _prctl(PR_SET_MM, 1, OPTION_BYTES) == 0 else ""


@attempt(Group.RIGHTS)
def keys_of_who_started_greenroom(_aim: Aim) -> object:
    """The session keyring is handed on from process to process, whatever user they become."""
    return f"keyring {call('keyctl', 0, -3, 0)}"


def _prctl(option: int, *arguments: int) -> int:
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return int(libc.prctl(option, *(ctypes.c_ulong(value) for value in padded)))


def _target(number: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return ""  # the listing itself


def _privileged_programs() -> list[Path]:
    found = []
    for folder in TOOLS:
        for path in folder.iterdir() if folder.is_dir() else ():
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and (mode & (stat.S_ISUID | stat.S_ISGID) or _has_capabilities(path)):
                found.append(path)
    return found


def _has_capabilities(path: Path) -> bool:
    try:
        return bool(os.getxattr(path, "security.capability"))
    except OSError:
        return False


def _rights_while_it_runs(program: Path) -> str:
    """Most of them wait for something, or end at once; what they are is looked at either way."""
    try:
        with subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                for _ in range(5):
                    status = status_of(process.pid)
                    ids, effective = status["Uid"].split()[:3] + status["Gid"].split()[:3], status.get("CapEff", "0")
                    if set(ids) != {str(os.getuid())} or int(effective, 16):
                        return f"{program} runs with {ids} and {effective}"
                    time.sleep(0.01)
            finally:
                process.kill()
    except OSError:
        return ""
    return ""
