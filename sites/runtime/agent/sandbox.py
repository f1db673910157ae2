"""What a sandboxed process sees: bubblewrap's options, the user and the environment, as pure functions."""

import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from sites.runtime.spec import Mount

FIRST_UID = 20000
APP = "/app"
HOME = "/home/site"
PROGRAMS = "/opt/greenroom/programs"
PROGRAMS_SOURCE = Path(__file__).resolve().parent.parent / "programs"
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
)
HOSTNAME = "site"
ACCOUNTS = ("passwd", "group", "hosts")
HOSTS = Path("/etc/hosts")


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
    """One sandbox: what it shows and as whom it runs."""

    mode: Mode
    uid: int
    mounts: tuple[Mount, ...]
    directory: str
    env: Mapping[str, str]
    toolchain: tuple[str, ...]
    """Folders of the host shown read-only at their own paths."""
    accounts: str
    """Folder with the files of `accounts_of`."""
    resolver: str
    """File of the host that is its resolv.conf."""
    scratch_bytes: int
    """Size of each folder that is kept in memory."""


def user_of(owner: int) -> int:
    """The unprivileged user of a site."""
    return FIRST_UID + owner


def default_toolchain() -> tuple[str, ...]:
    """The Python that Greenroom runs under, and its venv: sites' venvs are made from it."""
    return tuple(dict.fromkeys((sys.base_prefix, sys.prefix)))


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
    """Writes those files for a view; a sandbox that runs keeps the ones that it was started with."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in accounts_of(uid).items():
        new = folder / f"{name}.{threading.get_ident()}"
        new.write_text(text)
        new.chmod(0o644)
        new.replace(folder / name)


def environment(
    given: Mapping[str, str], *, host: str | None = None, port: int | None = None, instance_id: str = ""
) -> dict[str, str]:
    """What a process finds in its environment; the port is the runtime's to say, most else may be overridden."""
    result = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "TMPDIR": "/tmp",  # noqa: S108 - of the sandbox, not of the host
        "LANG": "C.UTF-8",
    }
    if host is not None:
        result["HOST"] = host
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


def options_of(view: View) -> list[str]:
    """bubblewrap's options for a view, without descriptors and command; never --die-with-parent."""
    options = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--new-session"]
    options += ["--hostname", HOSTNAME]
    if view.mode is Mode.USER:
        options += ["--unshare-user", "--disable-userns", "--uid", str(view.uid), "--gid", str(view.uid)]
    options += _system()
    toolchain = [folder for folder in view.toolchain if not folder.startswith("/usr/") and folder != "/usr"]
    scratch = ("/tmp", "/var/tmp", "/dev/shm", HOME)  # noqa: S108 - of the sandbox
    options += _parents(scratch)
    options += ["--perms", "0755", "--dir", "/run", "--proc", "/proc", "--dev", "/dev"]
    for folder in scratch:
        options += ["--perms", "1777", "--size", str(view.scratch_bytes), "--tmpfs", folder]
    # After the scratch folders, which would hide what lies below them: Greenroom itself may lie in /tmp
    options += _parents([*toolchain, *SYSTEM_FILES, PROGRAMS, *(mount.target for mount in view.mounts)])
    for path in SYSTEM_FILES:
        options += ["--ro-bind-try", path, path]
    options += ["--ro-bind-try", view.resolver, "/etc/resolv.conf"]
    for name in ACCOUNTS:
        options += ["--ro-bind", f"{view.accounts}/{name}", f"/etc/{name}"]
    for folder in toolchain:
        options += ["--ro-bind-try", folder, folder]
    options += ["--ro-bind", str(PROGRAMS_SOURCE), PROGRAMS]
    for mount in view.mounts:
        options += ["--bind" if mount.is_writable else "--ro-bind", mount.source, mount.target]
    options += ["--chdir", view.directory, "--clearenv"]
    for name, value in view.env.items():
        options += ["--setenv", name, value]
    return options


def command_of(view: View, command: Sequence[str]) -> list[str]:
    """The command as the site's user; in user mode the user namespace has already done it."""
    if view.mode is not Mode.ROOT:
        return list(command)
    user = str(view.uid)
    drop = ["--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    return ["/usr/bin/setpriv", "--reuid", user, "--regid", user, *drop, "--", *command]
