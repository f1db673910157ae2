"""A data folder with something in it, and a database that stands for the real one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.backups import database


@pytest.fixture
def real_dump(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """In all other tests the database is one in memory, in a transaction that nobody else can read."""
    real = database.dump
    monkeypatch.setattr(database, "dump", lambda target: target.write_text("a copy"))
    return real


@pytest.fixture
def data_folder(settings: LazySettings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.CONTENT_DIR = settings.DATA_DIR / "content"
    settings.BUILD_DIR = settings.DATA_DIR / "builds"
    settings.TOOL_DIR = settings.DATA_DIR / "tools"
    for folder in (settings.CONTENT_DIR, settings.BUILD_DIR, settings.TOOL_DIR, settings.DATA_DIR / "mounts" / "1"):
        folder.mkdir(parents=True)
    (settings.DATA_DIR / "mounts" / "1" / "notes.txt").write_text("kept")
    return settings.DATA_DIR
