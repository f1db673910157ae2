"""What a sandboxed process sees: bubblewrap's options and the environment, as pure functions."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from glob import glob
from pathlib import Path, PurePosixPath

from sites.runtime.agent.files import write_shown
from sites.runtime.agent.layer_plan import Plan
from sites.runtime.agent.overlay import MERGED
from sites.runtime.spec import Mount

FIRST_UID = 20000
APP = "/app"
HOME = "/home/site"
PROGRAMS = "/opt/greenroom/programs"
PROGRAMS_SOURCE = Path(__file__).resolve().parent.parent / "programs"
LAUNCHER = "/opt/greenroom/launcher.py"
LAUNCHER_SOURCE = Path(__file__).resolve().with_name("launcher.py")
SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib64", "lib32", "libx32")
SYSTEM_FILES = (
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/pki",
    "/etc/nsswitch.conf",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/mime.types",
    "/etc/php",
    "/etc/php.ini",
    "/etc/php.d",
    "/etc/php8",
)
PRIVATE_KEYS = ("/etc/ssl/private", "/etc/pki/tls/private")
"""Beside the certificates; which users and groups may read them is the machine's affair."""
HOSTNAME = "site"
ACCOUNTS = ("passwd", "group", "hosts")
HOSTS = Path("/etc/hosts")
SCRATCH = ("/tmp", "/var/tmp", "/dev/shm", HOME)  # noqa: S108 - of the sandbox
RIGHTS_TO_DROP = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
"""What the launcher needs to become the site's user without any right; bubblewrap hands on nothing else."""
HIDDEN = (
    "acpi asound bootconfig cmdline config.gz fs interrupts kcore key-users keys kmsg latency_stats sched_debug scsi "
    "sysrq-trigger timer_list timer_stats"
).split()
"""Entries of /proc that tell of the machine and that no site needs; bubblewrap makes sys, bus and irq read-only."""

LISTENING = (
    ("CHAINLIT_HOST", "CHAINLIT_PORT"),
    ("FASTIFY_ADDRESS", "FASTIFY_PORT"),
    ("FLASK_RUN_HOST", "FLASK_RUN_PORT"),
    ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"),
    ("GRANIAN_HOST", "GRANIAN_PORT"),
    ("LITESTAR_HOST", "LITESTAR_PORT"),
    ("STREAMLIT_SERVER_ADDRESS", "STREAMLIT_SERVER_PORT"),
    ("UVICORN_HOST", "UVICORN_PORT"),
)
"""By which variables frameworks are told where to listen; without them they listen where only they reach themselves."""


class Mode(StrEnum):
    """How a site's process is confined."""

    ROOT = "root"
    """bubblewrap as root, then a user of its own per site."""
    USER = "user"
    """bubblewrap with a user namespace."""
    NONE = "none"
    """A process group only."""


@dataclass(frozen=True, slots=True)
class View:
    """One sandbox: what it shows and as whom it runs. Beside the places of its folders nothing here is the site's."""

    mode: Mode
    uid: int
    mounts: tuple[Mount, ...]
    toolchain: tuple[str, ...]
    """Folders of the host shown read-only at their own paths."""
    accounts: str
    """Folder with the files of `accounts_of`."""
    resolver: str
    """File of the host that is its resolv.conf."""
    scratch_bytes: int
    """Size of each folder that is kept in memory."""
    layer: Plan | None = None
    """What shows the content, with the layer that may be written; None: the content is among the mounts, or none."""


def user_of(owner: int) -> int:
    """The unprivileged user of a site."""
    return FIRST_UID + owner


def _outside_usr(toolchain: tuple[str, ...]) -> list[str]:
    """A folder in which the view has files of its own is shown entry by entry: otherwise these have no place."""
    ours = os.path.dirname(LAUNCHER)
    outside = [folder for folder in toolchain if not folder.startswith("/usr/") and folder != "/usr"]
    return [path for folder in outside for path in (sorted(glob(f"{folder}/*")) if folder == ours else [folder])]


def default_toolchain() -> tuple[str, ...]:
    """The Python that Greenroom runs under, and its venv: sites' venvs are made from it."""
    return tuple(dict.fromkeys((sys.base_prefix, sys.prefix)))


def interpreter() -> str:
    """Of the launcher: Greenroom's own, at a path that the toolchain shows."""
    path = os.path.realpath(sys.executable)
    if any(Path(path).is_relative_to(folder) for folder in (*default_toolchain(), "/usr")):
        return path
    return f"{sys.base_prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}"


def accounts_of(uid: int) -> dict[str, str]:
    """Files of /etc by name: without a name for its user and its host getpass, git, node and others fail."""
    try:
        hosts = HOSTS.read_text()
    except OSError:
        hosts = "127.0.0.1 localhost\n"
    return {
        "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\nsite:x:{uid}:{uid}:site:{HOME}:/bin/sh\n",
        "group": f"root:x:0:\nsite:x:{uid}:\n",
        "hosts": f"{hosts.rstrip()}\n127.0.1.1 {HOSTNAME}\n",
    }


def write_accounts(folder: Path, uid: int) -> None:
    """Writes those files for a view."""
    for name, text in accounts_of(uid).items():
        write_shown(folder / name, text)


def environment(
    given: Mapping[str, str], *, host: str | None = None, port: int | None = None, instance_id: str = ""
) -> dict[str, str]:
    """What a process finds in its environment; the port is the runtime's to say, most else may be overridden.

    `host` and `port` say where it has to listen, also by the variables of LISTENING.
    """
    result = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "TMPDIR": "/tmp",  # noqa: S108 - of the sandbox, not of the host
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",  # what it prints is in its log at once, also when it is killed
    }
    if host is not None:
        result |= dict.fromkeys((name for name, _ in LISTENING), host) | {"HOST": host}
    if port is not None:
        result |= dict.fromkeys((name for _, name in LISTENING), str(port))
    result |= given
    if port is not None:
        result["PORT"] = str(port)
        result["WEBSITE_INSTANCE_ID"] = instance_id
    return result


def _parents(targets: Iterable[str]) -> list[str]:
    """Options for the folders above the targets; bubblewrap alone would make them 0700."""
    folders: dict[str, None] = {}
    for target in targets:
        for parent in reversed(PurePosixPath(target).parents):
            if str(parent) != "/" and parent.parts[1] not in ("usr", *SYSTEM_FOLDERS):
                folders[str(parent)] = None
    return [option for folder in folders for option in ("--perms", "0755", "--dir", folder)]


def _system() -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_FOLDERS:
        path = f"/{name}"
        if os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            options += ["--ro-bind", path, path]
    return options


def _hidden() -> list[str]:
    options = []
    for name in HIDDEN:
        path = f"/proc/{name}"
        if os.path.isdir(path):
            options += ["--perms", "0555", "--tmpfs", path, "--remount-ro", path]
        elif os.path.exists(path):
            options += ["--dev-bind", "/dev/null", path]
    return options


def options_of(view: View) -> list[str]:
    """bubblewrap's options for a view, without descriptors and command; never --die-with-parent."""
    options = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--new-session"]
    options += ["--hostname", HOSTNAME]
    if view.mode is Mode.USER:
        options += ["--unshare-user", "--disable-userns", "--uid", str(view.uid), "--gid", str(view.uid)]
    else:
        options += ["--cap-drop", "ALL", *(word for right in RIGHTS_TO_DROP for word in ("--cap-add", right))]
    options += _system()
    toolchain = _outside_usr(view.toolchain)
    options += _parents(SCRATCH)
    options += ["--perms", "0755", "--dir", "/run", "--proc", "/proc", *_hidden(), "--dev", "/dev"]
    for folder in SCRATCH:
        options += ["--perms", "1777", "--size", str(view.scratch_bytes), "--tmpfs", folder]
    # After the scratch folders, which would hide what lies below them: Greenroom itself may lie in /tmp
    options += _parents([*toolchain, *SYSTEM_FILES, PROGRAMS, *(mount.target for mount in view.mounts)])
    for path in SYSTEM_FILES:
        options += ["--ro-bind-try", path, path]
    for folder in filter(os.path.isdir, PRIVATE_KEYS):
        options += ["--perms", "0000", "--tmpfs", folder, "--remount-ro", folder]
    options += ["--ro-bind-try", view.resolver, "/etc/resolv.conf"]
    for name in ACCOUNTS:
        options += ["--ro-bind", f"{view.accounts}/{name}", f"/etc/{name}"]
    for folder in toolchain:
        options += ["--ro-bind-try", folder, folder]
    options += ["--ro-bind", str(PROGRAMS_SOURCE), PROGRAMS, "--ro-bind", str(LAUNCHER_SOURCE), LAUNCHER]
    if view.layer is not None:
        options += ["--bind", f"{view.layer.place}/{MERGED}", APP]
    for mount in view.mounts:
        options += ["--bind" if mount.is_writable else "--ro-bind", mount.source, mount.target]
    # Folders in between are the monitor's, which without root is the site's own user
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--clearenv"]


def launcher_of(mode: Mode, user: int, program: int, calls: int) -> list[str]:
    """The command line that becomes the site's process; descriptors have what the site brings, and the filter."""
    is_bare = mode is Mode.NONE
    path = str(LAUNCHER_SOURCE) if is_bare else LAUNCHER
    line = [*isolated(path), str(user), str(program)]
    return [*line, str(calls)] if is_bare else line


def isolated(script: str) -> list[str]:
    """A script of ours under the interpreter alone: no variable, no folder and no library of others has a say."""
    return [interpreter(), "-I", "-S", script]
