"""Where repositories and their runs lie: GIT_DIR/repositories/SITE, GIT_DIR/jobs/SLOT-ID, GIT_DIR/locks."""

import time
from pathlib import Path

from django.conf import settings

from sites.disk import trees
from sites.disk.folders import is_claimed, is_older, try_lock
from sites.runtime.registry import get_runtime

LOCK_PAUSE_SECONDS = 0.05
JUST_BEGUN_SECONDS = 10.0
"""A folder of a run that is younger may be about to be claimed."""


def repository_of(site_id: int) -> Path:
    """The folder of a site's repository, which its first run makes."""
    return settings.GIT_DIR / "repositories" / str(site_id)


def jobs_folder() -> Path:
    """The folder of everything that one run needs, by its id."""
    folder = settings.GIT_DIR / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def lock(name: str, *, is_shared: bool = False, seconds: float = 0.0) -> int | None:
    """A descriptor that holds the lock of that name until it is closed; None when it was not free for so long."""
    folder = settings.GIT_DIR / "locks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    while (descriptor := try_lock(folder / name, is_shared=is_shared)) is None and time.monotonic() < until:
        time.sleep(LOCK_PAUSE_SECONDS)
    return descriptor


def sweep() -> int:
    """End and remove runs that a dead process left behind. Returns how many. Raises RuntimeUnreachable."""
    left = [path for path in jobs_folder().iterdir() if is_older(path, JUST_BEGUN_SECONDS) and not is_claimed(path)]
    for folder in left:
        get_runtime().end_run(run_id_of(folder))
        trees.remove(folder)
    return len(left)


def stored() -> set[int]:
    """The sites that have a repository."""
    folder = settings.GIT_DIR / "repositories"
    return {int(path.name) for path in folder.iterdir()} if folder.is_dir() else set()


def remove(site_id: int) -> None:
    """Remove the repository of a site that is gone."""
    trees.remove(repository_of(site_id))


def run_id_of(job: Path) -> str:
    """The id by which the runtime knows the run of a job."""
    return f"git-{job.name}"
