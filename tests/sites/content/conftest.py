"""Every test of contents has a data folder of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

Lay = Callable[..., Path]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: Settings) -> Path:
    """The data folder; its name is given to the settings that contents use."""
    for name in ("CONTENT", "BUILD", "UPLOAD", "CACHE", "TOOL"):
        setattr(settings, f"{name}_DIR", tmp_path / "data" / name.lower())
    return tmp_path / "data"


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Lay a folder out: lay({'app.py': 'text'})."""

    def lay_out(files: dict[str, str | bytes], name: str = "folder") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for path, body in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body if isinstance(body, bytes) else body.encode())
        return folder

    return lay_out
