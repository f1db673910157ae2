"""Which files were changed since the last commit, and which tests lie beside them."""

import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
BESIDE = {"templates": "tests/portal/views", "static": "tests/portal/views"}
"""Where the tests of a folder lie that has none beside it."""


def changed_files(root: Path = ROOT) -> list[str]:
    """Paths from the root, also of new files; none where there is no git."""
    asked = ["git", "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames"]
    done = subprocess.run(asked, cwd=root, capture_output=True, text=True)
    return [entry[3:] for entry in done.stdout.split("\0") if entry]


def lying_beside(paths: Iterable[str], root: Path = ROOT) -> list[str]:
    """The test files and folders to run: `sites/content/archive.py` → `tests/sites/content/test_archive.py`.

    Where a module has no test of its own, those of its folder run.
    """
    found = {test for path in paths if (test := _beside(PurePosixPath(path), root))}
    return sorted(test for test in found if not any(str(above) in found for above in PurePosixPath(test).parents))


def _beside(path: PurePosixPath, root: Path) -> str | None:
    first = path.parts[0]
    if first in BESIDE:
        return BESIDE[first]
    if path.suffix != ".py" or len(path.parts) < 2:
        return None
    if first == "tests":
        is_test = path.name.startswith("test_") and (root / path).exists()
        return str(path) if is_test else None
    own = PurePosixPath("tests", *path.parts[:-1], f"test_{path.name}")
    if (root / own).exists():
        return str(own)
    return next((str(above) for above in own.parents if len(above.parts) > 2 and (root / above).is_dir()), None)
