"""The Pythons and Nodes of this machine that builds and instances can use, and those that can be fetched.

Of the machine are used what lies in /usr, Greenroom's own, and others whose folder everybody may read. What is fetched
lies in TOOL_DIR, belongs to root and is shown to every site read-only.
"""

import functools
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings

from sites.content.installers import find_uv, node_version
from sites.content.wanted import Wanted, fits, newest_first
from sites.runtime.spec import Mount

TOOLS = PurePosixPath("/tools")
"""Where a sandbox sees what was fetched, wherever the data folder is."""
SYSTEM_PYTHON = "/usr/bin/python3"
OLDEST_PYTHON = (3, 9)
ASK = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.version_info.releaselevel, sys.base_prefix)"
QUERY_SECONDS = 20.0
LISTED_SECONDS = 600
"""How long a list of what can be fetched is believed."""
READ_AND_SEARCH = 0o005


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One that is there."""

    program: str
    """Path in a sandbox."""
    version: str
    folder: str = ""
    """Of the host, to be shown to sandboxes; empty where they see it anyhow."""


def mount_of(folder: str) -> Mount:
    """How the folder of an interpreter is shown: read-only, what was fetched under TOOLS, others at their own paths."""
    path = Path(folder)
    own = TOOLS / path.relative_to(settings.TOOL_DIR) if path.is_relative_to(settings.TOOL_DIR) else path
    return Mount(folder, str(own), is_writable=False)


def find(wanted: Wanted | None) -> Interpreter | None:
    """What a build is to use: the system's Python if it fits, else the newest one that does. None when none does."""
    if wanted is not None and wanted.tool == "Node":
        found = {node.version: node for node in _nodes()}
    else:
        base = base_python()
        if wanted is None or fits(wanted, base.version):
            return base
        found = {python.version: python for python in reversed(pythons())}
    return next((found[version] for version in newest_first(found) if wanted and fits(wanted, version)), None)


@functools.lru_cache(maxsize=1)
def base_python() -> Interpreter:
    """What sites are built with that ask for nothing: the system's Python, else Greenroom's own."""
    system = _asked(SYSTEM_PYTHON) if Path(SYSTEM_PYTHON).exists() else None
    if system and tuple(map(int, system.version.split(".")[:2])) >= OLDEST_PYTHON:
        return Interpreter(SYSTEM_PYTHON, system.version)
    return Interpreter(str(Path(sys.executable).resolve()), ".".join(map(str, sys.version_info[:3])))


def pythons() -> list[Interpreter]:
    """Those of the machine and those that were fetched, each once."""
    paths = [*settings.TOOL_DIR.glob("cpython-*/bin/python3"), *settings.TOOL_DIR.glob("cpython-*/*/bin/python3")]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    paths += pyenv.glob("versions/*/bin/python3")
    for folder in dict.fromkeys(("/usr/local/bin", "/usr/bin", *os.get_exec_path())):
        if not folder.startswith(str(pyenv / "shims")):
            paths += Path(folder).glob("python3.*")
    named = {os.path.realpath(path) for path in paths if re.fullmatch(r"python3(\.\d+)?", path.name)}
    found = (_asked(path) for path in sorted(named))
    return [python for python in found if python is not None and _is_shown(python)]


def names(wanted: Wanted) -> str:
    """Which versions there are instead, for people: '3.11.2 and 3.13.0'."""
    found = [node.version for node in _nodes()] if wanted.tool == "Node" else [one.version for one in pythons()]
    listed = newest_first(set(found))
    return f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else (listed or ["none"])[0]


def downloadable(wanted: Wanted) -> str:
    """The newest version that could be fetched and fits; empty when there is none, or fetching is switched off."""
    if not settings.INTERPRETER_DOWNLOADS:
        return ""
    every = _listed_nodes if wanted.tool == "Node" else _listed_pythons
    versions = every(wanted.versions, int(time.time() // LISTED_SECONDS))
    return next((version for version in newest_first(versions) if fits(wanted, version)), "")


@functools.lru_cache(maxsize=1)
def _listed_pythons(_versions: str, _period: int) -> tuple[str, ...]:
    """From uv's catalogue, which comes with uv unless the administrator names another."""
    line = [find_uv(), "python", "list", "--only-downloads", "--all-versions", "--output-format", "json", "--no-config"]
    listed = subprocess.run(
        line,
        capture_output=True,
        text=True,
        timeout=QUERY_SECONDS,
        cwd="/",
        env=os.environ | {"UV_PYTHON_DOWNLOADS": "auto"},
    )
    rows = json.loads(listed.stdout or "[]") if listed.returncode == 0 else []
    return tuple(
        row["version"]
        for row in rows
        if row.get("implementation") == "cpython"
        and row.get("variant", "default") == "default"
        and re.fullmatch(r"[\d.]+", row["version"])
    )


@functools.lru_cache(maxsize=16)
def _listed_nodes(versions: str, _period: int) -> tuple[str, ...]:
    """From the registry of npm, where each version of Node is one of a package."""
    npm = shutil.which("npm")
    if npm is None:
        return ()
    line = [npm, "view", f"{node_package()}@{versions}", "version", "--json"]
    try:
        listed = subprocess.run(line, capture_output=True, text=True, timeout=QUERY_SECONDS, cwd="/")
        found = json.loads(listed.stdout or "[]") if listed.returncode == 0 else []
    except (subprocess.TimeoutExpired, ValueError):
        return ()
    return (found,) if isinstance(found, str) else tuple(map(str, found))


def node_package() -> str:
    """The package of npm that holds Node for this machine."""
    return f"node-linux-{'arm64' if os.uname().machine == 'aarch64' else 'x64'}"


def node_program() -> str:
    """Where Node lies in the folder into which its package was installed."""
    return f"node_modules/{node_package()}/bin/node"


def _nodes() -> list[Interpreter]:
    fetched = settings.TOOL_DIR.glob("node-*")
    found = [
        Interpreter(f"{TOOLS / folder.name}/{node_program()}", folder.name[5:], str(folder))
        for folder in fetched
        if re.fullmatch(r"node-[\d.]+", folder.name)
    ]
    own = node_version().removeprefix("v")
    return [*([Interpreter("node", own)] if own else []), *found]


def _asked(path: str) -> Interpreter | None:
    """The interpreter itself says what it is; asked once for each state of its file."""
    try:
        return _answer(path, os.stat(path).st_mtime_ns)
    except OSError:
        return None


@functools.lru_cache(maxsize=64)
def _answer(path: str, _changed: int) -> Interpreter | None:
    try:
        asked = subprocess.run(
            [path, "-I", "-S", "-c", ASK], capture_output=True, text=True, timeout=QUERY_SECONDS, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = asked.stdout.split(maxsplit=2)
    if asked.returncode or len(words) != 3 or words[1] != "final":
        return None
    prefix = words[2].strip()
    if any(Path(prefix).is_relative_to(folder) for folder in ("/usr", sys.base_prefix)):
        return Interpreter(path, words[0])
    folder = _fetched_folder(prefix)
    return Interpreter(path.replace(folder, mount_of(folder).target, 1), words[0], folder)


def _fetched_folder(prefix: str) -> str:
    """Of what was fetched the folder in TOOL_DIR, of others the prefix itself."""
    if not Path(prefix).is_relative_to(settings.TOOL_DIR):
        return prefix
    return str(settings.TOOL_DIR / Path(prefix).relative_to(settings.TOOL_DIR).parts[0])


def _is_shown(python: Interpreter) -> bool:
    """Whether a site may read it. An agent that is not root runs sites as its own user."""
    if not python.folder or os.geteuid() != 0:
        return True
    return stat.S_IMODE(os.stat(python.folder).st_mode) & READ_AND_SEARCH == READ_AND_SEARCH
