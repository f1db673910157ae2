"""Attempts on files: of the host, of Greenroom, of other sites, of the kernel, and of the sandbox's own system."""

import errno
import os
import stat
from contextlib import suppress
from functools import partial
from pathlib import Path

from tools.escape.attempt import AS_ROOT, IN_A_SANDBOX, KINDS, Aim, Group, attempt, register

NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
OF_GREENROOM = (
    "secret.key",
    "db.sqlite3",
    "db.sqlite3-wal",
    "content",
    "builds",
    "mounts",
    "instances",
    "cache",
    "uploads",
    "logs",
    "run",
    "state",
)
"""Of the data folder, and `state`, which is the agent's where it runs alone."""
OF_THE_HOST = (
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/ssh",
    "/etc/machine-id",
    "/etc/ssl/private",
    "/root/.ssh",
    "/root/.bash_history",
    "/var/log",
    "/var/lib",
    "/boot/grub",
    "/run/netns",
    "/run/systemd",
)
OF_THE_KERNEL = (
    "kcore kmsg keys key-users cmdline config.gz interrupts timer_list sched_debug slabinfo vmallocinfo kpagecount "
    "kpageflags kpagecgroup latency_stats scsi acpi asound fs sysrq-trigger"
).split()
SETTINGS = ("kernel/core_pattern", "kernel/modprobe", "kernel/sysrq", "vm/overcommit_memory", "fs/suid_dumpable")
READ_ONLY = (
    "/usr/bin/id",
    "/etc/passwd",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/opt/greenroom/launcher.py",
    "/opt/greenroom/programs/static.py",
)
NEW = ("/usr/lib/new", "/etc/ld.so.preload", "/opt/greenroom/new", "/new", "/run/new", "/dev/new", "/proc/sys/new")
DEVICES = frozenset("console core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero".split())
MEMORY = os.makedev(1, 1)
PARTS = ("lower", "upper", "work")
"""Of a layer."""
NUMBERS_BEFORE_NAMES = 8


def _reads(path: str, _aim: Aim) -> object:
    if os.path.isdir(path):
        return os.listdir(path)
    with open(path, "rb") as stream:
        return stream.read(64)


def _is_there(name: str, aim: Aim) -> object:
    path = Path(aim.data, name)
    return f"{path} is there" if path.exists() and os.access(path, os.R_OK) else ""


def _writes(path: str, _aim: Aim) -> object:
    with open(path, "r+b") as stream:
        stream.write(b"")
        return "it opens for writing"


def _makes(path: str, _aim: Aim) -> object:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return "it was made"


for _name in OF_GREENROOM:
    register(f"Greenroom's {_name}", Group.FILES, partial(_is_there, _name), refused_with=NOT_THERE)
for _path in OF_THE_HOST:
    # Where there is no sandbox, what everyone may read can be read
    register(f"the host's {_path}", Group.FILES, partial(_reads, _path), modes=IN_A_SANDBOX, refused_with=NOT_THERE)
for _name in OF_THE_KERNEL:
    register(
        f"the kernel's {_name}",
        Group.FILES,
        partial(_reads, f"/proc/{_name}"),
        modes=IN_A_SANDBOX,
        refused_with=NOT_THERE,
    )
for _name in SETTINGS:
    register(f"setting {_name}", Group.FILES, partial(_writes, f"/proc/sys/{_name}"), refused_with=NOT_THERE)
for _path in READ_ONLY:
    register(f"writing {_path}", Group.FILES, partial(_writes, _path), refused_with=NOT_THERE)
for _path in NEW:
    register(f"a new file {_path}", Group.FILES, partial(_makes, _path), refused_with=NOT_THERE)


@attempt(Group.FILES, modes=IN_A_SANDBOX, kinds=KINDS - {"build"})
def the_content_below_the_layer(_aim: Aim) -> object:
    """The layer takes what is written; the places that it is made of are shown nowhere."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    fields = next(words for words in mounts if words[4] == "/app")
    if fields[fields.index("-") + 1] != "overlay":
        return "it is no layer"
    return [place for place in ("/app/..", "/proc/self/cwd/..") if all(Path(place, name).exists() for name in PARTS)]


@attempt(Group.FILES, modes=IN_A_SANDBOX, kinds=KINDS - {"build"}, refused_with=(errno.EPERM, errno.ENOTSUP))
def a_redirection_in_the_layer(_aim: Aim) -> object:
    """By the mark with which a layer says that a folder is another one of the content."""
    os.makedirs("/app/redirected", exist_ok=True)
    os.setxattr("/app/redirected", "trusted.overlay.redirect", b"/")
    return "it was set"


@attempt(Group.FILES, modes=IN_A_SANDBOX, kinds=KINDS - {"build"})
def a_deletion_mark_of_ones_own(_aim: Aim) -> object:
    """The device by which a layer says that something is deleted."""
    os.mknod("/app/deleted", stat.S_IFCHR, os.makedev(0, 0))
    return "it was made"


@attempt(Group.FILES)
def the_shadow_file_of_the_host(_aim: Aim) -> object:
    """Also where there is no sandbox."""
    return Path("/etc/shadow").read_text() if os.path.exists("/etc/shadow") else ""


@attempt(Group.FILES, modes=IN_A_SANDBOX)
def addresses_of_the_kernel(_aim: Aim) -> object:
    """/proc/kallsyms must show zeros."""
    path = Path("/proc/kallsyms")
    first = path.read_text().splitlines()[:NUMBERS_BEFORE_NAMES] if path.exists() else []
    return [line for line in first if int(line.split()[0], 16)]


@attempt(Group.FILES, modes=IN_A_SANDBOX)
def the_sys_file_system(_aim: Aim) -> object:
    """Control groups, firmware, devices."""
    return os.listdir("/sys") if os.path.isdir("/sys") else ""


@attempt(Group.FILES, modes=IN_A_SANDBOX)
def devices_beyond_the_harmless(_aim: Aim) -> object:
    """Disks, memory, the hypervisor."""
    return sorted(set(os.listdir("/dev")) - DEVICES)


@attempt(Group.FILES, modes=IN_A_SANDBOX)
def the_memory_of_the_machine(_aim: Aim) -> object:
    """A device node in every folder that can be written."""
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/app", os.environ.get("HOME", "/tmp"), _aim.folder):  # noqa: S108
        if folder:
            try:
                os.mknod(f"{folder}/mem", stat.S_IFCHR | 0o666, MEMORY)
            except OSError:
                continue
            return f"{folder}/mem was made"
    return ""


@attempt(Group.FILES, modes=IN_A_SANDBOX, refused_with=(errno.EXDEV, *NOT_THERE))
def a_hard_link_to_what_is_read_only(aim: Aim) -> object:
    """From the system into the folders that can be written."""
    for folder in (aim.folder or "/tmp", "/app"):  # noqa: S108 - of the sandbox
        for source in ("/etc/passwd", "/usr/bin/id", "/opt/greenroom/launcher.py"):
            with suppress(OSError):
                os.link(source, f"{folder}/link")
                return "the link was made"
    return ""


@attempt(Group.FILES, modes=IN_A_SANDBOX)
def out_of_a_persistent_folder(aim: Aim) -> object:
    """`..` leads to the sandbox, not to the folder beside it on the host."""
    if not aim.folder:
        return ""
    return "" if os.path.samefile(f"{aim.folder}/..", os.path.dirname(aim.folder)) else os.listdir(f"{aim.folder}/..")


@attempt(Group.FILES, refused_with=(errno.EINVAL,))
def another_owner_for_ones_own_file(aim: Aim) -> object:
    """chown to root."""
    path = Path(os.environ.get("TMPDIR", "/tmp"), "owned")  # noqa: S108 - of the sandbox
    path.touch()
    try:
        os.chown(path, 0, 0)
        return f"it belongs to {path.stat().st_uid}, {aim.kind}"
    finally:
        path.unlink()


@attempt(Group.FILES, modes=AS_ROOT)
def the_log_by_its_descriptor(_aim: Aim) -> object:
    """Opened anew through /proc a file could be read and rewritten; a pipe has nothing of the log."""
    if not stat.S_ISREG(os.stat("/proc/self/fd/2").st_mode):
        return ""
    with open("/proc/self/fd/2", "rb") as stream:
        return stream.read(16) or "it opens"


@attempt(Group.FILES, modes=IN_A_SANDBOX)
def the_folder_above_the_log(_aim: Aim) -> object:
    """A descriptor of a folder would lead out; a file's does not."""
    return [number for number in ("0", "1", "2") if os.path.isdir(f"/proc/self/fd/{number}/..")]
