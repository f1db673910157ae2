"""Lays the attempts into a site's folder, where its Python finds them as `tools.escape`."""

import shutil
from pathlib import Path

PYTHON = "/usr/bin/python3"
SERVE = (PYTHON, "-m", "tools.escape.serve")
PROBE = (PYTHON, "-m", "tools.escape.probe")
"""The aim follows as JSON."""


def lay(folder: Path) -> None:
    """Copies this package, with the one around it, below a folder."""
    here = Path(__file__).resolve().parent
    target = folder / "tools" / "escape"
    target.mkdir(parents=True)
    shutil.copy(here.parent / "__init__.py", folder / "tools")
    for path in here.glob("*.py"):
        shutil.copy(path, target)
