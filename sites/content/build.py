"""Builds: a content becomes a runnable folder, once per site and content, in a sandbox that the runtime runs."""

import hashlib
import os
import re
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.content.installers import environment, node_version, tool_mounts
from sites.content.interpreters import base_python, mount_of
from sites.content.python_packages import VENV
from sites.content.recipe import Install, Recipe
from sites.content.sealing import seal
from sites.content.store import HOUR, REMOVED, UNFINISHED, path_of, set_aside
from sites.content.uploads import ensure_disk
from sites.disk import trees
from sites.disk.folders import is_older
from sites.disk.use import Use, measure
from sites.runtime.spec import Mount, RunSpec

FORMAT = "2"
"""Raised when builds of the same content come out otherwise than before."""
BUILD_SECONDS = 1800.0
RELEASE_SECONDS = 900.0
FUNCTIONS = Path(__file__).with_name("build_functions.sh").read_text()
FALLBACK_PAGE = ".fallback_page"
"""File by which the functions of a build say that a page answers every path; it is not handed out."""
PAGE = re.compile(rb"[\w.-]{1,100}\.html")


@dataclass(frozen=True, slots=True)
class Build:
    """What has to be done so that a content can run, and where the result is."""

    digest: str
    """Empty when the content runs as it is."""
    content_digest: str
    owner: int
    app: Path
    """The folder of an instance, once the build is finished."""
    run: RunSpec | None
    """None when there is nothing (left) to do."""
    files: tuple[tuple[str, str], ...] = ()
    """To be laid beside the content."""


def build_digest(content_digest: str, recipe: Recipe, *, owner: int) -> str:
    """Name of a build; empty when the content runs as it is.

    The site is part of it: a build runs strangers' code, so its result is never shared between sites.
    """
    if not recipe.build_steps and not recipe.files:
        return ""
    chosen = [f"{one.folder}{one.version}" for one in recipe.interpreters] or [base_python().version, node_version()]
    files = [part for file in recipe.files for part in file]
    parts = (FORMAT, FUNCTIONS, content_digest, str(owner), *chosen, *recipe.build_steps, *files)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def plan_build(
    content_digest: str, recipe: Recipe, *, owner: int, name: str, log: str, run_id: str | None = None
) -> Build:
    """What the runtime has to run. May be asked again at any time: a build that is there has no run.

    Raises FileNotFoundError when the content is not stored.
    """
    digest = build_digest(content_digest, recipe, owner=owner)
    if not digest:
        return Build("", content_digest, owner, path_of(content_digest), None)
    folder = settings.BUILD_DIR / digest
    if folder.is_dir():
        return Build(digest, content_digest, owner, folder / "app", None)
    mounts = (
        Mount(str(_unfinished(digest) / "app"), "/app"),
        Mount(str(settings.CACHE_DIR / str(owner)), "/cache"),
        *tool_mounts(recipe.build_steps),
        *interpreter_mounts(recipe),
    )
    run = RunSpec(
        run_id=run_id or f"build-{digest[:32]}",
        owner=owner,
        name=name,
        command=("/bin/sh", "-ec", _script(recipe)),
        env=environment() | {"PYTHON": _python(recipe)},
        mounts=mounts,
        timeout_seconds=BUILD_SECONDS,
        log=log,
    )
    return Build(digest, content_digest, owner, folder / "app", run, recipe.files)


def interpreter_mounts(recipe: Recipe) -> tuple[Mount, ...]:
    """The folders of interpreters that a sandbox does not see anyhow."""
    return tuple(mount_of(one.folder) for one in recipe.interpreters if one.folder)


def plan_release(
    recipe: Recipe,
    *,
    app: Path,
    owner: int,
    name: str,
    env: dict[str, str],
    mounts: tuple[Mount, ...],
    log: str,
    run_id: str,
) -> RunSpec | None:
    """The Procfile's release command as an instance of the slot would run it; None without one."""
    if not recipe.release_command:
        return None
    return RunSpec(
        run_id=run_id,
        owner=owner,
        name=name,
        command=recipe.release_command,
        env=env,
        mounts=(Mount(str(app), "/app", is_writable=False), *mounts),
        timeout_seconds=RELEASE_SECONDS,
        log=log,
    )


def begin(build: Build, *, cache_limit: Use) -> None:
    """Lay a copy of the content where the build may write. May be repeated; a copy that is there is kept.

    A cache above its limit is emptied. Raises DiskFull.
    """
    cache = settings.CACHE_DIR / str(build.owner)
    target = _unfinished(build.digest)
    if target.is_dir():
        return
    ensure_disk()
    if not measure(cache).is_within(cache_limit):
        trees.remove(cache)
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.BUILD_DIR.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=settings.BUILD_DIR))
    try:
        app = draft / "app"
        shutil.copytree(path_of(build.content_digest), app, symlinks=True)
        for path in (app, *app.rglob("*")):
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
        for name, text in build.files:
            _lay(app / name, text)
        draft.chmod(0o755)
        os.rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _lay(file: Path, text: str) -> None:
    """A file of ours, whatever the content has in its place."""
    if not file.parent.is_dir():
        trees.remove(file.parent)
    file.parent.mkdir(exist_ok=True)
    trees.remove(file)
    file.write_text(text)


def finish(digest: str) -> Use:
    """Seal the build and make it the one to be found; returns what it takes on disk. May be repeated.

    Raises OSError for what a build has left that cannot be sealed, as TooDeep.
    """
    final = settings.BUILD_DIR / digest
    if final.is_dir():
        abandon(digest)
    else:
        seal(_unfinished(digest) / "app")
        os.rename(_unfinished(digest), final)
    return measure(final)


def fallback_page(digest: str) -> str:
    """The page that answers every path of a finished build, as its functions have found; else empty."""
    try:
        descriptor = os.open(settings.BUILD_DIR / digest / "app" / FALLBACK_PAGE, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return ""
    with open(descriptor, "rb") as file:
        match = PAGE.fullmatch(file.read(200).strip())
    return match[0].decode() if match else ""


def abandon(digest: str) -> None:
    """Remove what a failed build left. May be repeated."""
    if digest and _unfinished(digest).is_dir():
        trees.remove(set_aside(_unfinished(digest)))


def set_aside_unused_builds(in_use: set[str], *, older_than_seconds: float = HOUR) -> list[Path]:
    """Take away builds that nothing names, and what dead processes left; returns what the caller is to remove."""
    doomed = []
    for folder in sorted(settings.BUILD_DIR.iterdir()) if settings.BUILD_DIR.is_dir() else []:
        if folder.name not in in_use and folder.is_dir() and is_older(folder, older_than_seconds):
            doomed.append(folder if folder.name.startswith(REMOVED) else set_aside(folder))
    return doomed


def _script(recipe: Recipe) -> str:
    lines = [f'export PATH="{recipe.path}:$PATH"'] if recipe.path else []
    lines += [f'export VIRTUAL_ENV="$PWD/{VENV}"'] if recipe.is_python else []
    lines.append(FUNCTIONS)
    lines += [f"echo {shlex.quote(line)}" for line in recipe.equipment]
    for step in recipe.steps:
        lines += _installing(step, recipe) if isinstance(step, Install) else _told((step,))
    lines.append("echo '==> built'")
    return "\n".join(lines)


def _told(steps: Iterable[str]) -> list[str]:
    """Each line with what shows it."""
    return [line for step in steps for line in (f"echo {shlex.quote(f'==> {step}')}", step)]


def _installing(install: Install, recipe: Recipe) -> list[str]:
    """The lines of an installation, unless the same one was kept by an earlier build of the site."""
    if not install.inputs:
        return _told(install.lines)
    chosen = [f"{one.program} {one.version}" for one in recipe.interpreters] or [base_python().version, node_version()]
    parts = (FORMAT, recipe.path, *chosen, *install.lines, *install.inputs)
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return [f"if ! reuse {key} {install.folder}; then", *_told(install.lines), f"remember {key} {install.folder}", "fi"]


def _python(recipe: Recipe) -> str:
    """Path of the interpreter that makes its virtual environment."""
    chosen = (one.program for one in recipe.interpreters if Path(one.program).name.startswith("python"))
    return next(chosen, base_python().program)


def _unfinished(digest: str) -> Path:
    return settings.BUILD_DIR / f"{digest}.tmp"
