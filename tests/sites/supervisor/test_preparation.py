"""What `up` checks in a data folder before it starts anything."""

from pathlib import Path

import pytest
from pytest_django import Settings

from sites import data_folder
from sites.errors import Refused
from sites.supervisor.preparation import check_data_version, make_folders


@pytest.fixture
def data(tmp_path: Path, settings: Settings) -> Path:
    """An empty data folder."""
    settings.DATA_DIR = tmp_path / "data"
    settings.RUN_DIR = settings.DATA_DIR / "run"
    settings.LOG_DIR = settings.DATA_DIR / "logs"
    settings.UPLOAD_DIR = settings.DATA_DIR / "uploads"
    settings.STATIC_ROOT = settings.DATA_DIR / "static"
    return settings.DATA_DIR


def test_folders_are_for_their_owner_alone(data: Path) -> None:
    make_folders("strong")
    make_folders("strong")
    assert {path.stat().st_mode & 0o777 for path in (data, data / "run", data / "logs", data / "uploads")} == {0o700}


def test_a_link_in_place_of_the_socket_folder_is_refused(data: Path, tmp_path: Path) -> None:
    make_folders("strong")
    (data / "run").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (data / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="it is not a folder"):
        make_folders("strong")


def test_a_data_folder_of_newer_code_is_refused_untouched(data: Path) -> None:
    make_folders("strong")
    check_data_version()
    assert (data / "version").read_text() == f"{data_folder.LAYOUT}\n"
    check_data_version()
    (data / "version").write_text(f"{data_folder.LAYOUT + 1}\n")
    with pytest.raises(Refused, match="written by a newer Greenroom"):
        check_data_version()
    assert (data / "version").read_text() == f"{data_folder.LAYOUT + 1}\n"
