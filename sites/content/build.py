"""Builds: a content becomes a runnable folder, once per site and content, in a sandbox that the runtime runs."""

import functools
import hashlib
import os
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.content.commands import shell
from sites.content.node_sites import BIN
from sites.content.python_sites import VENV, base_python
from sites.content.recognition import Recipe
from sites.content.store import HOUR, REMOVED, UNFINISHED, discard, path_of
from sites.runtime.spec import Mount, RunSpec

FORMAT = "1"
"""Raised when builds of the same content come out otherwise than before."""
FIRST_UID = 20_000
UV_TARGET = "/uv"
BUILD_SECONDS = 1800.0
RELEASE_SECONDS = 900.0
PASSED_ON = re.compile(
    r"^(PIP_(EXTRA_)?INDEX_URL|PIP_CERT|PIP_TRUSTED_HOST|PIP_DEFAULT_TIMEOUT"
    r"|UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INDEX_STRATEGY|NATIVE_TLS|INSECURE_HOST|HTTP_TIMEOUT|OFFLINE)"
    r"|UV_INDEX_[A-Z0-9_]+_(USERNAME|PASSWORD)"
    r"|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|NPM_CONFIG_(REGISTRY|CAFILE|STRICT_SSL)|NODE_EXTRA_CA_CERTS)$",
    re.IGNORECASE,
)
"""How an administrator tells installers where packages come from; nothing else of our environment reaches a build."""
SAME_FOR_UV = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}


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
    versions = (FORMAT, base_python()[1], _node_version() if "npm" in " ".join(recipe.build_steps) else "")
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
        *_tool_mounts(recipe),
    )
    run = RunSpec(
        run_id=run_id or f"build-{digest[:32]}",
        owner=owner,
        name=name,
        command=("/bin/sh", "-ec", _script(recipe)),
        env=_environment(),
        mounts=mounts,
        has_network=True,
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
        has_network=False,
        timeout_seconds=RELEASE_SECONDS,
        log=log,
    )


def begin(build: Build) -> None:
    """Lay a copy of the content where the build may write. May be repeated; a copy that is there is kept."""
    _own_cache(build.owner)
    target = _unfinished(build.digest)
    if target.is_dir():
        return
    settings.BUILD_DIR.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=settings.BUILD_DIR))
    try:
        app = draft / "app"
        shutil.copytree(path_of(build.content_digest), app, symlinks=True)
        for path in (app, *app.rglob("*")):
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
            _give(path, build.owner)
        draft.chmod(0o755)
        os.rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def finish(digest: str) -> Path:
    """Seal the build and make it the one to be found; returns the folder of the instances. May be repeated."""
    final = settings.BUILD_DIR / digest
    if final.is_dir():
        abandon(digest)
    else:
        _seal(_unfinished(digest) / "app")
        os.rename(_unfinished(digest), final)
    return final / "app"


def abandon(digest: str) -> None:
    """Remove what a failed build left. May be repeated."""
    if digest and _unfinished(digest).is_dir():
        discard(_unfinished(digest))


def remove_unused_builds(in_use: set[str], *, older_than_seconds: float = HOUR) -> int:
    """Remove builds that nothing names, and what dead ones left; young ones stay. Returns how many."""
    before = time.time() - older_than_seconds
    removed = 0
    for folder in sorted(settings.BUILD_DIR.iterdir()) if settings.BUILD_DIR.is_dir() else []:
        if folder.name in in_use or not folder.is_dir() or folder.stat().st_mtime >= before:
            continue
        if folder.name.startswith(REMOVED):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            discard(folder)
        removed += 1
    return removed


def _script(recipe: Recipe) -> str:
    lines = [f'export PATH="$PWD/{VENV}/bin:{BIN}:$PATH"', 'uv() { "$UV_PROGRAM" "$@"; }']
    for step in recipe.build_steps:
        lines += [f"echo {shlex.quote(f'==> {step}')}", step]
    lines.append("echo '==> built'")
    return "\n".join(lines)


def _environment() -> dict[str, str]:
    passed = {name: value for name, value in os.environ.items() if PASSED_ON.match(name) and value}
    for name, same in SAME_FOR_UV.items():
        if name in passed:
            passed.setdefault(same, passed[name])
    return passed | {
        "HOME": "/tmp",  # noqa: S108  the sandbox's own, gone with it
        "UV_PROGRAM": UV_TARGET,
        "UV_CACHE_DIR": "/cache/uv",
        "UV_LINK_MODE": "copy",  # a linked file shares its bytes with the cache, which later builds can write
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "PIP_CACHE_DIR": "/cache/pip",
        "npm_config_cache": "/cache/npm",
        "npm_config_update_notifier": "false",
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
        "CI": "1",
    }


def _tool_mounts(recipe: Recipe) -> tuple[Mount, ...]:
    if not any("uv " in step for step in recipe.build_steps):
        return ()
    own = settings.BASE_DIR / ".boot" / "bin" / "uv"
    uv = str(own) if own.is_file() else shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is not installed; ./greenroom puts it into .boot")
    return (Mount(str(Path(uv).resolve()), UV_TARGET, is_writable=False),)


@functools.lru_cache(maxsize=1)
def _node_version() -> str:
    node = shutil.which("node")
    return (
        subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20).stdout.strip() if node else ""
    )


def _unfinished(digest: str) -> Path:
    return settings.BUILD_DIR / f"{digest}.tmp"


def _own_cache(owner: int) -> None:
    cache = settings.CACHE_DIR / str(owner)
    cache.mkdir(parents=True, exist_ok=True)
    cache.chmod(0o700)
    _give(cache, owner)


def _give(path: Path, owner: int) -> None:
    """To the user that the site's processes run as; without root they run as ours."""
    if os.geteuid() == 0:
        os.chown(path, FIRST_UID + owner, FIRST_UID + owner, follow_symlinks=False)


def _seal(app: Path) -> None:
    """Ours again and read-only; what is neither file, folder nor link is removed, and no file keeps set-uid."""
    for parent, names, files in os.walk(app):
        for path in (Path(parent), *(Path(parent) / name for name in (*names, *files))):
            mode = path.lstat().st_mode
            if os.geteuid() == 0:
                os.chown(path, 0, 0, follow_symlinks=False)
            if stat.S_ISDIR(mode):
                path.chmod(0o755)
            elif stat.S_ISREG(mode):
                path.chmod(0o555 if mode & 0o111 else 0o444)
            elif not stat.S_ISLNK(mode):
                path.unlink()
