"""A static site with a script."""

import json
import sys
from pathlib import Path

import pytest

from tests.sites.runtime.programs.scripts import ECHO, write


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a static site whose .py files are run."""
    folder = tmp_path / "site"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text("home")
    write(folder, "echo.py", ECHO)
    monkeypatch.setenv("HANDLER_MAPPINGS", json.dumps({".py": {"processor": sys.executable, "arguments": "-I"}}))
    monkeypatch.setenv("COLOUR", "blue")
    return folder
