"""A change of the code is noticed once."""

import os
from pathlib import Path

import pytest

from tools.dev.sources import Sources


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "portal" / "views"
    folder.mkdir(parents=True)
    (folder / "sites.py").write_text("first = 1\n")
    return folder


def test_nothing_changed_at_the_start(package: Path, tmp_path: Path) -> None:
    assert Sources([tmp_path / "portal"]).changed() == []


def test_what_is_written_made_and_removed_is_told_once(package: Path, tmp_path: Path) -> None:
    (package / "old.py").write_text("")
    sources = Sources([tmp_path / "portal"])
    (package / "sites.py").write_text("second = 2\n")
    (package / "new.py").write_text("")
    (package / "old.py").unlink()
    assert sources.changed() == [package / "new.py", package / "old.py", package / "sites.py"]
    assert sources.changed() == []


def test_the_same_size_at_another_time_is_a_change(package: Path, tmp_path: Path) -> None:
    sources = Sources([tmp_path / "portal"])
    os.utime(package / "sites.py", (1, 1))
    assert sources.changed() == [package / "sites.py"]


def test_templates_and_styles_need_no_restart(package: Path, tmp_path: Path) -> None:
    sources = Sources([tmp_path / "portal"])
    (package / "page.html").write_text("")
    assert sources.changed() == []
