"""Where an agent may make control groups of version 2: a subtree that nobody else writes to.

Two rules shape it. A group with processes has no children with limits (cgroups(7), "no internal processes"). And where
systemd runs it is the only one to write to the tree, except below a unit that it has delegated
(https://systemd.io/CGROUP_DELEGATION/). The unit of `up` cannot be that one, even with Delegate=yes: sites outlive it,
and systemd 252 cannot start a service whose group still has children with limits (status=219/CGROUP). So the agent
moves to a scope of its own, which lasts as long as anything runs in it.
"""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = ("memory", "pids", "cpu")
OWN = Path("/proc/self/cgroup")
SYSTEMD = Path("/run/systemd/system")
"""Exists where systemd is the first process: sd_booted(3)."""
SYSTEM_BUS = Path("/run/dbus/system_bus_socket")
RUNTIME_FOLDERS = Path("/run/user")
LEAF = "agent"
SITES = "sites"
JOB_SECONDS = 30.0
UNLIMITED = str(2**64 - 1)
MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope that systemd makes for the agent, as long as the agent or a site runs."""

    unit: str
    option: str
    """Of busctl: whose systemd."""
    controllers: tuple[str, ...]
    fact: str

    def take(self) -> Path:
        """The group of all sites, without processes, whose children have these controllers. Raises OSError.

        The scope of a former agent is joined while sites of it run.
        """
        if not self._call("AttachProcessesToUnit", "ssau", self.unit, f"/{LEAF}", "1", str(os.getpid())):
            self._start()
        deadline = time.monotonic() + JOB_SECONDS
        while self.unit not in own_group().parts:
            if time.monotonic() > deadline:
                raise OSError(f"systemd has not moved the agent to {self.unit} within {JOB_SECONDS:.0f} s")
            time.sleep(0.01)
        own = own_group()
        return divide(own.parent if own.name == LEAF else own, SITES, self.controllers)

    def _start(self) -> None:
        properties = {
            "Description": ("s", "Web sites of Greenroom"),
            "PIDs": ("au", "1", str(os.getpid())),
            "Delegate": ("b", "true"),
            "TasksMax": ("t", UNLIMITED),
            "CollectMode": ("s", "inactive-or-failed"),
        }
        unit_of_up = own_group().name
        if unit_of_up.endswith(".service"):
            properties["Before"] = ("as", "1", unit_of_up)  # so a shutdown stops `up` first, which stops all in order
        words = [word for name, value in properties.items() for word in (name, *value)]
        given = [self.unit, "fail", str(len(properties)), *words, "0"]
        self._call("StartTransientUnit", "ssa(sv)a(sa(sv))", *given, is_needed=True)

    def _call(self, method: str, signature: str, *given: str, is_needed: bool = False) -> bool:
        line = ["busctl", self.option, "--quiet", "call", *MANAGER, method, signature, *given]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "XDG_RUNTIME_DIR": str(_runtime_folder())}
        done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=JOB_SECONDS)
        if is_needed and done.returncode:
            raise OSError(f"systemd refused {self.unit}: {done.stderr.strip()}")
        return done.returncode == 0


@dataclass(frozen=True, slots=True)
class Top:
    """A group at the top of what is mounted: without systemd root is the only one to write there."""

    name: str
    controllers: tuple[str, ...]
    fact: str

    def take(self) -> Path:
        """As of Scope."""
        return divide(ROOT, self.name, self.controllers)


Delegation = Scope | Top


def own_group() -> Path:
    """The group of this process."""
    return ROOT / OWN.read_text().strip().rpartition("::/")[2]


def find_delegations(name: str) -> list[Delegation]:
    """The subtrees that this user could have, best first, none of them taken yet. `name` is the installation's."""
    has_systemd = SYSTEMD.is_dir() and shutil.which("busctl") is not None
    uid = os.geteuid()
    found: list[Delegation] = []
    if uid != 0:
        present = _controllers_of(ROOT / "user.slice" / f"user-{uid}.slice" / f"user@{uid}.service")
        if has_systemd and present and (_runtime_folder() / "bus").exists():
            found.append(Scope(f"{name}.scope", "--user", present, "in a scope of the user's systemd"))
        return found
    present = _controllers_of(ROOT)
    if has_systemd and SYSTEM_BUS.exists():
        found.append(Scope(f"{name}.scope", "--system", present, "in a scope of systemd"))
    if present and os.access(ROOT / "cgroup.subtree_control", os.W_OK):
        found.append(Top(name, present, "in a group at the top"))
    return found


def divide(base: Path, name: str, controllers: tuple[str, ...]) -> Path:
    """A group below `base` whose children have these controllers; processes of `base` move aside. Raises OSError."""
    if (base / "cgroup.type").exists():  # which the real root has not, and only there processes may stay
        leaf = base / LEAF
        leaf.mkdir(exist_ok=True)
        while members := (base / "cgroup.procs").read_text().split():
            for pid in members:
                with suppress(ProcessLookupError):
                    (leaf / "cgroup.procs").write_text(pid)
    group = base / name
    group.mkdir(exist_ok=True)
    for parent in (base, group):
        for controller in controllers:
            (parent / "cgroup.subtree_control").write_text(f"+{controller}")
    for child in group.iterdir():
        if child.is_dir():
            with suppress(OSError):  # a site of a former agent runs in it
                child.rmdir()
    return group


def _controllers_of(group: Path) -> tuple[str, ...]:
    try:
        present = (group / "cgroup.controllers").read_text().split()
    except OSError:
        return ()
    return tuple(controller for controller in CONTROLLERS if controller in present)


def _runtime_folder() -> Path:
    return RUNTIME_FOLDERS / str(os.geteuid())
