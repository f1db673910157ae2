"""A backup holds what the rows name, and is there as a whole or not at all."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection

from sites.backups import archive, manifest, snapshot
from sites.backups.making import make
from sites.disk import trees
from sites.errors import BackupFailed, BackupPlaceRefused
from sites.keyring import key_file
from tests.contents import unpack_zip
from tests.domain import Domain

pytestmark = pytest.mark.usefixtures("real_dump", "data_folder")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def names_in(path: Path) -> set[str]:
    listed = subprocess.run(["tar", "--list", "-f", path], capture_output=True, text=True, check=True)
    return {name.rstrip("/") for name in listed.stdout.splitlines()}


def test_it_holds_the_contents_that_are_named_the_database_and_the_persistent_folders(
    domain: Domain, target: Path, settings: LazySettings
) -> None:
    production, _ = domain.staged()
    unnamed = unpack_zip(domain.archive("nobody published this"))
    backup = make(target)
    named = production.workload.active_deployment.content_digest
    names = names_in(backup.path)
    assert {"manifest.json", "database", "mounts/1/notes.txt", f"content/{named}", f"content/{named}.json"} <= names
    assert f"content/{unnamed.digest}" not in names
    assert not any("secret" in name for name in names)
    assert backup.path.stat().st_mode & 0o777 == 0o600
    assert list(target.iterdir()) == [backup.path]
    assert not (settings.DATA_DIR / snapshot.DRAFT).exists()
    assert archive.describe(backup.path) == manifest.parse(archive.describe(backup.path).text)


def test_the_database_is_copied_as_it_is_while_somebody_writes(
    real_dump: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db"))
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE rows (value TEXT)")
        writer.execute("INSERT INTO rows VALUES ('committed')")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO rows VALUES ('not yet')")
        real_dump(tmp_path / "copy")
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT value FROM rows").fetchall() == [("committed",)]
    assert not (tmp_path / "copy-wal").exists()


def test_the_keys_are_in_it_only_if_asked_for(target: Path, settings: LazySettings, db: None) -> None:
    backup = make(target / "with.tar.gz", has_keys=True)
    assert "secret.key" in names_in(backup.path)
    described = archive.describe(backup.path)
    assert described.has_keys
    assert described.keys == manifest.fingerprints(key_file(settings.KEY_FILE).read())
    assert described.migrations == manifest.applied()


def test_an_installation_without_persistent_folders_has_one_too(target: Path, settings: LazySettings, db: None) -> None:
    shutil.rmtree(settings.DATA_DIR / "mounts")
    assert "database" in names_in(make(target).path)


def test_a_failure_leaves_nothing_behind(
    target: Path, settings: LazySettings, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "COMPRESS", "false")
    with pytest.raises(BackupFailed, match="The backup was not made: tar ended with"):
        make(target)
    assert list(target.iterdir()) == []
    assert not (settings.DATA_DIR / snapshot.DRAFT).exists()


def test_a_database_that_cannot_be_read_ends_in_a_sentence(
    target: Path, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> set[str]:
        raise DatabaseError("no such table: sites_revision")

    monkeypatch.setattr("sites.jobs.in_use.contents_and_builds", fail)
    with pytest.raises(BackupFailed, match="the database cannot be read"):
        make(target)
    assert list(target.iterdir()) == []


def test_what_a_killed_backup_left_is_removed(target: Path, settings: LazySettings, db: None) -> None:
    (settings.DATA_DIR / snapshot.DRAFT / "content").mkdir(parents=True)
    (settings.DATA_DIR / snapshot.DRAFT / "old").write_text("left")
    assert "old" not in names_in(make(target).path)


def test_places_that_cannot_hold_it_are_refused(target: Path, settings: LazySettings, db: None) -> None:
    with pytest.raises(BackupPlaceRefused, match="lies in the data folder"):
        make(settings.DATA_DIR)
    (target / "taken.tar.gz").write_text("mine")
    with pytest.raises(BackupPlaceRefused, match="exists already"):
        make(target / "taken.tar.gz")
    assert (target / "taken.tar.gz").read_text() == "mine"
    with pytest.raises(BackupPlaceRefused, match="no folder"):
        make(target / "nowhere" / "file.tar.gz")
    with pytest.raises(BackupPlaceRefused, match="no such folder"):
        make(target / "mistyped")


def test_what_a_web_site_makes_of_its_folder_spoils_nothing_else(
    target: Path, settings: LazySettings, db: None, tmp_path: Path
) -> None:
    folder = settings.DATA_DIR / "mounts" / "1"
    os.mkfifo(folder / "pipe")
    (folder / "closed").mkdir(mode=0)
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "elsewhere").symlink_to(tmp_path)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(60):  # 12,000 bytes of path
        os.mkdir("d" * 200, dir_fd=here)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    (settings.DATA_DIR / "mounts" / "2").mkdir()
    (settings.DATA_DIR / "mounts" / "2" / "kept.txt").write_text("of another site")
    try:
        backup = make(target)
        unpacked = tmp_path / "unpacked"
        unpacked.mkdir()
        lost = archive.extract(backup.path, unpacked)
    finally:
        trees.remove(folder)
    assert (unpacked / "mounts" / "2" / "kept.txt").read_text() == "of another site"
    assert (unpacked / "mounts" / "1" / "notes.txt").read_text() == "kept"
    assert (unpacked / "mounts" / "1" / "link").is_symlink()
    assert (unpacked / "database").exists()
    assert lost and all("too long" in text or "File name" in text for text in lost), lost
    trees.remove(unpacked)


def test_holes_stay_holes(target: Path, settings: LazySettings, db: None, tmp_path: Path) -> None:
    with open(settings.DATA_DIR / "mounts" / "1" / "large", "wb") as file:
        file.truncate(10**9)
    backup = make(target)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    archive.extract(backup.path, unpacked)
    found = (unpacked / "mounts" / "1" / "large").stat()
    assert (found.st_size, found.st_blocks) == (10**9, 0)
    assert backup.bytes < 10**6
