"""What `up` checks in a data folder before it starts anything."""

from pathlib import Path

import pytest
from pytest_django import Settings

from sites.errors import Refused
from sites.supervisor.preparation import DATA_VERSION, check_data_version, make_folders


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
    make_folders()
    make_folders()
    assert {path.stat().st_mode & 0o777 for path in (data, data / "run", data / "logs", data / "uploads")} == {0o700}


def test_a_link_in_place_of_the_socket_folder_is_refused(data: Path, tmp_path: Path) -> None:
    data.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (data / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="Choose a data folder with a shorter path"):
        make_folders()


def test_a_data_folder_of_newer_code_is_refused_untouched(data: Path) -> None:
    make_folders()
    check_data_version()
    assert (data / "version").read_text() == f"{DATA_VERSION}\n"
    check_data_version()
    (data / "version").write_text(f"{DATA_VERSION + 1}\n")
    with pytest.raises(Refused, match="written by a newer Greenroom"):
        check_data_version()
    assert (data / "version").read_text() == f"{DATA_VERSION + 1}\n"
