"""Builds: a content becomes a runnable folder, once per site and content, in a sandbox that the runtime runs."""

import hashlib
import os
import shlex
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.content.commands import shell
from sites.content.installers import environment, node_version, tool_mounts
from sites.content.node_sites import BIN
from sites.content.python_sites import VENV, base_python
from sites.content.recognition import Recipe
from sites.content.store import HOUR, REMOVED, UNFINISHED, path_of, set_aside
from sites.content.uploads import ensure_disk
from sites.disk import trees
from sites.disk.folders import is_older
from sites.disk.use import Use, measure
from sites.runtime.spec import Mount, RunSpec

FORMAT = "1"
"""Raised when builds of the same content come out otherwise than before."""
BUILD_SECONDS = 1800.0
RELEASE_SECONDS = 900.0


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


def build_digest(content_digest: str, recipe: Recipe, *, owner: int) -> str:
    """Name of a build; empty when the recipe has no steps.

    The site is part of it: a build runs strangers' code, so its result is never shared between sites.
    """
    if not recipe.build_steps:
        return ""
    versions = (FORMAT, base_python()[1], node_version() if "npm" in " ".join(recipe.build_steps) else "")
    parts = (content_digest, str(owner), *versions, *recipe.build_steps)
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
    )
    run = RunSpec(
        run_id=run_id or f"build-{digest[:32]}",
        owner=owner,
        name=name,
        command=("/bin/sh", "-ec", _script(recipe)),
        env=environment(),
        mounts=mounts,
        timeout_seconds=BUILD_SECONDS,
        log=log,
    )
    return Build(digest, content_digest, owner, folder / "app", run)


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
    if not recipe.release:
        return None
    return RunSpec(
        run_id=run_id,
        owner=owner,
        name=name,
        command=shell(recipe.release, path=recipe.path),
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
        draft.chmod(0o755)
        os.rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def finish(digest: str) -> Use:
    """Seal the build and make it the one to be found; returns what it takes on disk. May be repeated.

    Raises OSError for what a build has left that cannot be sealed, as TooDeep.
    """
    final = settings.BUILD_DIR / digest
    if final.is_dir():
        abandon(digest)
    else:
        _seal(_unfinished(digest) / "app")
        os.rename(_unfinished(digest), final)
    return measure(final)


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
    lines = [f'export PATH="$PWD/{VENV}/bin:{BIN}:$PATH"', 'uv() { "$UV_PROGRAM" "$@"; }']
    for step in recipe.build_steps:
        lines += [f"echo {shlex.quote(f'==> {step}')}", step]
    lines.append("echo '==> built'")
    return "\n".join(lines)


def _unfinished(digest: str) -> Path:
    return settings.BUILD_DIR / f"{digest}.tmp"


def _seal(app: Path) -> None:
    """Ours again; what is neither file, folder nor link is removed, and no file keeps set-uid."""
    for entry in trees.entries_below(app):
        if os.geteuid() == 0:
            entry.give_to(0)
        if stat.S_ISDIR(entry.mode):
            entry.permit(0o755)
        elif stat.S_ISREG(entry.mode):
            entry.permit(0o755 if entry.mode & 0o111 else 0o644)
        elif not stat.S_ISLNK(entry.mode):
            entry.remove()
    if os.geteuid() == 0:
        os.chown(app, 0, 0, follow_symlinks=False)
    app.chmod(0o755)
