"""Which files were changed since the last commit, and which tests lie beside them."""

import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
BESIDE = {
    "templates": "tests/portal/views",
    "static": "tests/portal/views",
    "portal/configuration.py": "tests/portal/views/site_pages",
    "portal/plain_fields.py": "tests/portal/views/site_pages",
    "sites/planning.py": "tests/sites/services/test_settings.py",
    "sites/routing.py": "tests/sites/services/test_visitors.py",
}
"""Where the tests of a folder or a module lie that has none beside it."""


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


def without_tests_beside(paths: Iterable[str], root: Path = ROOT) -> list[str]:
    """The modules of which no test is known: whoever changes one must choose its tests."""
    modules = [path for path in paths if path.endswith(".py") and not path.startswith("tests/") and "/" in path]
    return sorted(path for path in modules if not _beside(PurePosixPath(path), root))


def _beside(path: PurePosixPath, root: Path) -> str | None:
    first = path.parts[0]
    if known := BESIDE.get(str(path)) or BESIDE.get(first):
        return known
    if path.suffix != ".py" or len(path.parts) < 2:
        return None
    if first == "tests":
        is_test = path.name.startswith("test_") and (root / path).exists()
        return str(path) if is_test else None
    own = PurePosixPath("tests", *path.parts[:-1], f"test_{path.name}")
    if (root / own).exists():
        return str(own)
    return next((str(above) for above in own.parents if len(above.parts) > 2 and (root / above).is_dir()), None)
