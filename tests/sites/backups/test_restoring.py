"""What cannot be restored is refused, and overwrites nothing."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection

from sites.backups import archive, manifest
from sites.backups.manifest import Manifest
from sites.backups.restoring import restore
from sites.errors import BackupRefused
from sites.keyring import key_file

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


@pytest.fixture
def described(settings: LazySettings) -> Manifest:
    return manifest.describe(key_file(settings.KEY_FILE).read(), has_keys=False)


def packed(folder: Path, text: str) -> Path:
    (folder / manifest.NAME).write_text(text)
    path = folder / "backup.tar.gz"
    subprocess.run(["tar", "--create", "--gzip", f"--file={path}", "-C", folder, manifest.NAME], check=True)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(BackupRefused) as caught:
        restore(path, tell=lambda _: None)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not one of a backup"),
        ("{}", "not one of a backup"),
        (json.dumps({"format": 99, "layout": 1}), "newer version of Greenroom"),
    ],
)
def test_what_is_no_backup_of_ours_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refusal(packed(tmp_path, text))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no archive")
    said = refusal(tmp_path / "file")
    assert "tar cannot read it" in said and "\n" not in said and "status" not in said


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    said = refusal(tmp_path / "nowhere")
    assert f"{tmp_path / 'nowhere'} cannot be read (No such file or directory)" in said and "tar" not in said.lower()
    assert "Is a directory" in refusal(tmp_path)


def test_a_database_that_is_there_is_not_overwritten(
    tmp_path: Path, described: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "db.sqlite3").write_text("mine")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    assert "has a database already" in refusal(packed(tmp_path, described.text))


@pytest.mark.usefixtures("_empty")
class TestIntoAnEmptyInstallation:
    """Only what is said of the backup decides."""

    @pytest.fixture
    def _empty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sites.backups.restoring._has_database", lambda: False)

    def test_another_key_is_refused(self, tmp_path: Path, described: Manifest) -> None:
        other = replace(described, keys=["0123456789abcdef"])
        assert "the key file is another one" in refusal(packed(tmp_path, other.text))

    def test_a_newer_database_is_refused(self, tmp_path: Path, described: Manifest) -> None:
        newer = replace(described, migrations=[*described.migrations, "sites.9999_later"])
        assert "newer than this version of Greenroom (sites.9999_later)" in refusal(packed(tmp_path, newer.text))

    def test_a_backup_without_a_database_is_refused(
        self, tmp_path: Path, described: Manifest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "vendor", "sqlite")
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
        assert "its database is damaged" in refusal(packed(tmp_path, replace(described, database="sqlite").text))
        assert not (tmp_path / "db.sqlite3").exists()

    def test_another_kind_of_database_is_refused(self, tmp_path: Path, described: Manifest) -> None:
        other = replace(described, database="oracle")
        assert "a database of oracle" in refusal(packed(tmp_path, other.text))


def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path, described: Manifest) -> None:
    path = packed(tmp_path, described.text)
    (tmp_path / "large").write_bytes(bytes(range(256)) * 4000)
    line = ["tar", "--create", "--gzip", f"--file={path}", "-C", str(tmp_path), manifest.NAME, "large"]
    subprocess.run(line, check=True)
    path.write_bytes(path.read_bytes()[:-100])
    target = tmp_path / "unpacked"
    target.mkdir()
    with pytest.raises(BackupRefused, match="could not be unpacked"):
        archive.extract(path, target)
