"""Interpreters that a project asks for and this machine does not have: fetched once, in a sandbox, for all sites."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings

from sites.content import interpreters
from sites.content.installers import environment, mounts_of_sources, tool_mounts
from sites.content.interpreters import Interpreter
from sites.content.recipe import Recipe
from sites.content.sealing import seal
from sites.content.store import HOUR, REMOVED, set_aside
from sites.content.uploads import ensure_disk
from sites.content.wanted import Wanted
from sites.disk import trees
from sites.disk.folders import is_older
from sites.runtime.spec import Mount, RunSpec

OWNER = 0
"""No site: the run that fetches has a user and a cache of its own, and no code of a site is run in it."""
FETCH_SECONDS = 600.0
NPM_OF_NODE = {18: "10", 16: "9", 14: "9"}
"""Major version of npm for each that the newest no longer serves: https://github.com/npm/cli#node-version-policy."""
NEWEST_NPM = "11"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a wanted interpreter comes to: one that is there, or the version to fetch, or neither."""

    wanted: Wanted
    found: Interpreter | None
    version: str = ""
    note: str = ""

    @property
    def folder(self) -> Path:
        """Where the version lies once it is fetched."""
        kind = "node" if self.wanted.tool == "Node" else "cpython"
        return Path(settings.TOOL_DIR) / f"{kind}-{self.version}"


def choose(wanted: Wanted) -> Choice:
    """An interpreter that fits, the same minor version where one patch is asked for, or the newest to be fetched."""
    if found := interpreters.find(wanted):
        return Choice(wanted, found, found.version)
    if wanted.minor:
        near = interpreters.find(Wanted(wanted.tool, wanted.minor, wanted.source))
        if near is not None:
            asked = f"{wanted.source} asks for {wanted.tool} {wanted.shown}"
            note = f"{asked}; this server has {near.version}, which is used."
            return Choice(wanted, near, near.version, note)
    return Choice(wanted, None, interpreters.downloadable(wanted))


def equip(recipe: Recipe, choices: list[Choice]) -> Recipe:
    """The recipe with the interpreters that were found; the system's Python where it asks for none."""
    found = [choice.found for choice in choices if choice.found is not None]
    tools = {choice.wanted.tool for choice in choices}
    if recipe.is_python and "Python" not in tools:
        found.append(interpreters.base_python())
    for one in found:
        if Path(one.folder).is_relative_to(settings.TOOL_DIR) and one.folder:
            os.utime(one.folder)  # it is in use, although no deployment names it yet
    nodes = [choice.found for choice in choices if choice.wanted.tool == "Node" and choice.found]
    places = [interpreters.mount_of(node.folder).target for node in nodes if node.folder]
    program = PurePosixPath(interpreters.node_program())
    path = ":".join(f"{place}/{program.parent}:{place}/node_modules/.bin" for place in places)
    notes = [choice.note for choice in choices if choice.note]
    if recipe.is_python and "Python" not in tools:
        notes.append(f"Python {interpreters.base_python().version}, because the project asks for none.")
    notes += [f"{choice.wanted.tool} {choice.version}, as {choice.wanted.source} asks for." for choice in choices]
    return recipe.equipped(tuple(found), path, tuple(notes))


def plan_fetch(choice: Choice, *, name: str, log: str) -> RunSpec:
    """The run that fetches it. uv compares an archive with the hash in its catalogue, npm with that of its registry."""
    target = interpreters.mount_of(str(choice.folder)).target
    fetch = _fetch_node if choice.wanted.tool == "Node" else _fetch_python
    cache = settings.CACHE_DIR / str(OWNER)
    return RunSpec(
        run_id=f"tool-{choice.folder.name.replace('.', '-')}",
        owner=OWNER,
        name=name,
        command=("/bin/sh", "-ec", fetch(choice.version)),
        env=environment() | {"UV_PYTHON_DOWNLOADS": "automatic", "TARGET": target},
        mounts=(
            Mount(str(_unfinished(choice.folder)), target),
            Mount(str(cache), "/cache"),
            *tool_mounts(("uv ",)),
            *mounts_of_sources(),
        ),
        directory=target,
        timeout_seconds=FETCH_SECONDS,
        log=log,
    )


def begin_fetch(choice: Choice) -> None:
    """Make the folders that the run writes. May be repeated. Raises DiskFull."""
    ensure_disk()
    (settings.CACHE_DIR / str(OWNER)).mkdir(mode=0o700, parents=True, exist_ok=True)
    _unfinished(choice.folder).mkdir(mode=0o755, parents=True, exist_ok=True)


def finish_fetch(choice: Choice) -> None:
    """Root's and read-only from now on, and to be found. May be repeated. Raises OSError."""
    draft = _unfinished(choice.folder)
    if choice.folder.is_dir():
        abandon_fetch(choice)
        return
    seal(draft)
    draft.rename(choice.folder)


def abandon_fetch(choice: Choice) -> None:
    """Remove what a failed run left. May be repeated."""
    if _unfinished(choice.folder).is_dir():
        trees.remove(set_aside(_unfinished(choice.folder)))


def set_aside_unused(in_use: set[str], *, older_than_seconds: float = HOUR) -> list[Path]:
    """Take away those that no deployment names by their folder; returns what the caller is to remove."""
    folders = sorted(settings.TOOL_DIR.iterdir()) if settings.TOOL_DIR.is_dir() else []
    return [
        folder if folder.name.startswith(REMOVED) else set_aside(folder)
        for folder in folders
        if folder.name not in in_use and folder.is_dir() and is_older(folder, older_than_seconds)
    ]


def _fetch_python(version: str) -> str:
    return f'"$UV_PROGRAM" python install --no-config --no-bin --install-dir "$TARGET" {version}'


def _fetch_node(version: str) -> str:
    npm = NPM_OF_NODE.get(int(version.split(".")[0]), NEWEST_NPM)
    options = "--no-save --no-fund --no-audit --ignore-scripts --force"
    return f'npm install --prefix "$TARGET" {options} {interpreters.node_package()}@{version} npm@{npm}'


def _unfinished(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.tmp")
