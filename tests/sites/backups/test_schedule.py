"""Backups on schedule are made when they are due, and the oldest go."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.backups import schedule, stored
from sites.backups.address import parse
from sites.backups.making import Backup
from sites.errors import BackupFailed, BackupStoreRefused


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
    assert schedule.line() == "none on schedule (BACKUP_FOLDER, BACKUP_STORE)"


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


class TestToAStore:
    """Beside the folder, or without it."""

    @pytest.fixture(autouse=True)
    def asked(self, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        settings.BACKUP_STORE = "s3://kept/one/"
        settings.BACKUP_FOLDER = ""
        asked: list[str] = []

        def send(name: str) -> stored.Sent:
            asked.append(name)
            return stored.Sent(parse(name).below("greenroom-now.tar.gz.age"), 3 * 1024**2, 0)

        monkeypatch.setattr(stored, "send", send)
        monkeypatch.setattr(stored, "remove_oldest", lambda name, kept: asked.append(f"{kept} of {name}"))
        return asked

    def test_one_is_sent_when_it_is_due_and_the_oldest_go(self, asked: list[str], settings: LazySettings) -> None:
        assert schedule.line() == "none yet in s3://kept/one/"
        schedule.run()
        schedule.run()
        assert asked == ["s3://kept/one/", "2 of s3://kept/one/"]
        assert "s3://kept/one/greenroom-now.tar.gz.age, 3.0 MB, " in schedule.line()
        settings.BACKUP_STORE = "s3://kept/another"
        assert schedule.is_due()
        settings.BACKUP_STORE = "s3://kept/one"
        assert not schedule.is_due()

    def test_a_store_that_is_away_holds_up_no_folder(
        self, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        def fail(name: str) -> None:
            raise BackupStoreRefused(store=name, reason="it cannot be reached", remedy="Look at the network.")

        monkeypatch.setattr(stored, "send", fail)
        monkeypatch.setattr(schedule, "make", writes(4))
        settings.BACKUP_FOLDER = str(folder)
        schedule_places = schedule.places()
        monkeypatch.setattr(schedule, "places", lambda: schedule_places[::-1])
        with pytest.raises(BackupStoreRefused):
            schedule.run()
        assert schedule.line().startswith("The backup store s3://kept/one/ could not be used: it cannot be reached.")
        assert schedule.line().endswith(" UTC")
        assert schedule.is_due()

    def test_what_cannot_be_removed_makes_no_second_backup(
        self, asked: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(name: str, kept: int) -> None:
            raise BackupStoreRefused(store=name, reason="no right", remedy="Allow it.")

        monkeypatch.setattr(stored, "remove_oldest", fail)
        with pytest.raises(BackupStoreRefused):
            schedule.run()
        assert "no right" in schedule.line()
        assert not schedule.is_due()
