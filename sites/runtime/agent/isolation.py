"""How well this machine can keep sites apart: found out by trying, and said with the remedy."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sites.runtime.agent import firewall, overlay
from sites.runtime.agent.confinement import find_confinement
from sites.runtime.agent.layer_plan import Plan
from sites.runtime.agent.links import run_ip
from sites.runtime.agent.name_servers import REMEDY, RESOLVER, find_name_servers
from sites.runtime.agent.sandbox import (
    Mode,
    View,
    default_toolchain,
    isolated,
    launcher_of,
    options_of,
    user_of,
    write_accounts,
)
from sites.runtime.agent.seccomp import build_filter
from sites.runtime.agent.spawn import Program, packed

TOOLS = {"bwrap": "bubblewrap", "ip": "iproute2", "nft": "nftables", "nsenter": "util-linux"}
"""Programs, and the Debian package of each."""
USERNS_SWITCH = Path("/proc/sys/kernel/unprivileged_userns_clone")
APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
APPARMOR_REMEDY = (
    "As root: apt-get install -y apparmor-profiles && "
    "install -m 0644 /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && "
    "apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict"
)

USE_OF_A_LAYER = "cd /app; test -O file; echo x >file; rm -r folder; mkdir folder; echo x >folder/new; mv file folder"
"""A folder that takes the place of a deleted one needs more of the kernel than files do."""


class Level(StrEnum):
    """For people: what a site can do to another."""

    STRONG = "strong"
    """An own user, network and view of the machine for every site."""
    PARTIAL = "partial"
    """An own view of the machine; sites can reach each other over the network."""
    NONE = "none"
    """Nothing keeps them apart but file permissions."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What was found. `is_usable` is False when the wanted level cannot be had; then `remedy` says what to do."""

    level: Level
    mode: Mode
    has_own_network: bool
    facts: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    remedy: str = ""
    is_usable: bool = True
    no_layer: str = ""
    """Why applications cannot write beside their code; empty where they can."""


def _try_sandbox(mode: Mode, command: tuple[str, ...] = ("true",), layer: Plan | None = None) -> str:
    """Runs that as a site would in that mode; '' when it works, otherwise what was said against it."""
    uid = os.geteuid() if mode is Mode.NONE and os.geteuid() else user_of(0)
    program = packed(Program(command, {"PATH": "/usr/bin:/bin"}, "/"))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        write_accounts(Path(folder), uid)
        given = []
        for content in (build_filter(), program, layer.pack() if layer else b""):
            stream = stack.enter_context(tempfile.TemporaryFile())
            stream.write(content)
            stream.seek(0)
            given.append(stream.fileno())
        calls, site, plan = given
        line = launcher_of(mode, uid, site, calls)
        if mode is not Mode.NONE:
            options = options_of(View(mode, uid, (), default_toolchain(), folder, str(RESOLVER), 1024 * 1024, layer))
            line = ["bwrap", *options, "--seccomp", str(calls), "--", *line]
        if layer is not None:
            line = [*isolated(overlay.__file__), str(plan), *line]
        env = {"PATH": os.environ.get("PATH", os.defpath)}
        try:
            done = subprocess.run(line, capture_output=True, text=True, timeout=20, pass_fds=given, env=env)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"it ended with code {done.returncode}")


def _try_layer(mode: Mode, where: Path | None) -> str:
    """Writes beside a content as an application does; '' when that works, otherwise what was said against it."""
    with tempfile.TemporaryDirectory(dir=where) as name:
        content, place = Path(name, "content"), Path(name, "layer")
        (content / "folder").mkdir(parents=True)
        place.mkdir()
        for file in (content / "file", content / "folder" / "file"):
            file.touch(0o644)
        content.chmod(0o755)
        user = user_of(0) if mode is Mode.ROOT else None
        plan = Plan(str(content), str(place), user, size_bytes=1024 * 1024, max_files=100, folders=())
        return _try_sandbox(mode, ("sh", "-ec", USE_OF_A_LAYER), plan)


def _try_network() -> str:
    """Makes a namespace with a pair of interfaces and removes it; '' when that works."""
    name = f"roomp{os.getpid()}"
    try:
        run_ip("netns", "add", name)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    try:
        run_ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run_ip("link", "delete", name)
        done = subprocess.run(["nsenter", f"--net=/run/netns/{name}", "true"], capture_output=True, timeout=20)
        return "" if done.returncode == 0 else "a network namespace cannot be entered"
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    finally:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=20)


def _install(missing: list[str]) -> str:
    packages = sorted({TOOLS[tool] for tool in missing})
    return f"{'' if os.geteuid() == 0 else 'As root: '}apt-get install -y {' '.join(packages)}"


def _remedy_of(said: str) -> str:
    if APPARMOR_SWITCH.exists() and APPARMOR_SWITCH.read_text().strip() == "1":
        return APPARMOR_REMEDY
    if USERNS_SWITCH.exists() and USERNS_SWITCH.read_text().strip() == "0":
        return "As root: sysctl -w kernel.unprivileged_userns_clone=1"
    if os.geteuid() != 0:
        return "Start Greenroom as root, or allow user namespaces to this user"
    return f"Allow bubblewrap to make namespaces here (it said: {said}); a container needs --privileged"


def _without_sandbox(wanted: str, limits: str, missing: list[str], remedy: str) -> Isolation:
    own_user = os.geteuid() == 0
    facts = ["a process group per instance", "dangerous system calls are refused", limits]
    facts += ["a user of its own per site"] if own_user else []
    no_layer = "where there is no sandbox, applications cannot write beside their code"
    left_out = ["sites see the files of this machine that their user may read", "sites see each other's processes"]
    left_out += [no_layer, *missing]
    return Isolation(Level.NONE, Mode.NONE, False, facts, left_out, remedy, wanted == "none", no_layer)


def probe(
    wanted: str = "auto",
    *,
    limits: str = "",
    name_servers: Sequence[str] = (),
    folder: Path | None = None,
    has_tool: Callable[[str], object] = shutil.which,
    try_sandbox: Callable[[Mode], str] = _try_sandbox,
    try_layer: Callable[[Mode, Path | None], str] = _try_layer,
    try_network: Callable[[], str] = _try_network,
    try_firewall: Callable[[], str] = firewall.complaint,
) -> Isolation:
    """The strongest level that works, at most `wanted` ('auto', 'strong', 'partial', 'none'); tried, not guessed.

    `limits` says what holds sites to their share of the machine; left out, what could be had. `name_servers` are those
    for sandboxes, in place of the machine's. `folder` is on the file system where contents lie; left out, any. Never
    chooses 'none' by itself: the answer is then not usable, with the remedy.
    """
    limits = limits or find_confinement("greenroom").fact
    if wanted == "none":
        said = try_sandbox(Mode.NONE)
        if said:
            remedy = "Start Greenroom where the kernel filters system calls (CONFIG_SECCOMP_FILTER), or as another user"
            complaint = f"a site's process cannot give up its rights: {said}"
            return _without_sandbox("", limits, [complaint], remedy)
        return _without_sandbox(wanted, limits, [], "")
    is_root = os.geteuid() == 0
    mode = Mode.ROOT if is_root else Mode.USER
    if not has_tool("bwrap"):
        return _without_sandbox(wanted, limits, ["bubblewrap is not installed"], _install(["bwrap"]))
    if said := try_sandbox(mode):
        return _without_sandbox(wanted, limits, [f"bubblewrap cannot make a sandbox: {said}"], _remedy_of(said))
    facts = [
        "a view of its own: no other site's files, processes or sockets",
        "dangerous system calls are refused",
        limits,
    ]
    missing: list[str] = []
    remedy = no_layer = ""
    if said := try_layer(mode, folder):
        no_layer = f"applications cannot write beside their code on this machine ({said})"
        missing.append(no_layer)
        remedy = "Use a kernel from 5.19 (without root from 6.6), and a data folder on ext4, XFS or Btrfs"
    else:
        facts.append("applications may write beside their code, into a layer that ends with the instance")
    if is_root:
        facts.append("a user of its own per site")
    else:
        missing.append("all sites run as one user")
        remedy = "Start Greenroom as root for the level strong"
    has_own_network = False
    if is_root and wanted != "partial":
        absent = [tool for tool in ("ip", "nsenter", "nft") if not has_tool(tool)]
        if absent:
            missing.append(f"{', '.join(absent)} not installed")
            remedy = _install(absent)
        elif said := try_network():
            missing.append(f"network namespaces cannot be made: {said}")
            remedy = "Give Greenroom CAP_NET_ADMIN and CAP_SYS_ADMIN (a container needs --privileged)"
        elif said := try_firewall():
            missing.append(f"nft cannot load the rules that keep networks apart: {said.splitlines()[0]}")
            remedy = "Load the kernel modules: modprobe -a nf_tables nf_conntrack nft_fib_inet nft_connlimit nft_masq"
        else:
            has_own_network = True
            facts.append("a network of its own per instance, build and release command")
            if complaint := find_name_servers(name_servers).complaint:
                missing.append(complaint)
                remedy = REMEDY
    if not has_own_network:
        missing.append("sites and builds share this machine's network: they can reach each other and its loopback")
    level = Level.STRONG if has_own_network else Level.PARTIAL
    is_usable = wanted != "strong" or level is Level.STRONG
    return Isolation(level, mode, has_own_network, facts, missing, remedy, is_usable, no_layer)
