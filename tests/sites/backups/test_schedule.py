"""Backups on schedule are made when they are due, and the oldest go."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.backups import schedule
from sites.backups.making import Backup
from sites.errors import BackupFailed


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    settings.BACKUP_FOLDER = str(tmp_path / "backups")
    settings.BACKUP_HOURS = 24
    settings.BACKUPS_KEPT = 2
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


def written(folder: Path, day: int, *, hours_ago: float) -> Path:
    path = folder / f"greenroom-2026-11-{day:02}T020000Z.tar.gz"
    path.write_text("a backup")
    os.utime(path, (time.time() - hours_ago * 3600,) * 2)
    return path


def writes(day: int) -> Callable[..., Backup]:
    return lambda target, has_keys: Backup(written(target, day, hours_ago=0), 8, 0)


def test_one_is_due_when_the_newest_is_too_old(folder: Path, settings: LazySettings) -> None:
    assert schedule.is_due()
    written(folder, 1, hours_ago=25)
    assert schedule.is_due()
    written(folder, 2, hours_ago=23)
    assert not schedule.is_due()
    settings.BACKUP_FOLDER = ""
    assert not schedule.is_due()
    assert schedule.line() == "none on schedule (BACKUP_FOLDER)"


def test_the_oldest_and_what_was_cut_off_go_and_other_files_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in (1, 2, 3):
        written(folder, day, hours_ago=100 - day)
    (folder / "greenroom-2026-11-03T010000Z.tar.gz.partial").write_text("half")
    (folder / "mine.txt").write_text("mine")
    monkeypatch.setattr(schedule, "make", writes(4))
    schedule.run()
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["greenroom-2026-11-03T020000Z.tar.gz", "greenroom-2026-11-04T020000Z.tar.gz", "mine.txt"]
    assert "greenroom-2026-11-04T020000Z.tar.gz, 0.0 MB" in schedule.line()
    schedule.run()
    assert sorted(path.name for path in folder.iterdir()) == names


def test_a_failure_is_shown_and_removes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(target: Path, has_keys: bool) -> Backup:
        raise BackupFailed(reason="the disk is full")

    monkeypatch.setattr(schedule, "make", fail)
    kept = [written(folder, day, hours_ago=100) for day in (1, 2, 3)]
    with pytest.raises(BackupFailed):
        schedule.run()
    assert (
        schedule.line()
        == "The backup was not made: the disk is full. Nothing of it is left. Fix that, then start it again."
    )
    assert sorted(folder.iterdir()) == kept
    assert schedule.is_due()
