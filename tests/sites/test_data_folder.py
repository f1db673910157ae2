"""The data folder is its owner's alone before anything lies in it, and nobody else's folder is taken."""

import os
from pathlib import Path

import pytest

from sites import data_folder
from sites.errors import DataFolderRefused


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_folder_is_closed(tmp_path: Path) -> None:
    data_folder.claim(tmp_path / "a" / "data")
    assert mode(tmp_path / "a" / "data") == 0o700
    assert data_folder.layout_of(tmp_path / "a" / "data") == data_folder.LAYOUT


@pytest.mark.parametrize("given", [0o755, 0o777, 0o750, 0o770, 0o744])
@pytest.mark.parametrize("entry", ["", "secret.key", "version"])
def test_an_open_folder_of_ours_is_closed(tmp_path: Path, given: int, entry: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    if entry:
        (data / entry).write_text("1")
    data.chmod(given)
    data_folder.claim(data)
    assert mode(data) == 0o700


def test_a_folder_that_sites_pass_through_stays_passable(tmp_path: Path) -> None:
    data_folder.claim(tmp_path / "data")
    (tmp_path / "data").chmod(data_folder.PASSABLE)
    data_folder.claim(tmp_path / "data")
    assert mode(tmp_path / "data") == data_folder.PASSABLE


def test_a_folder_with_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    tmp_path.chmod(0o755)
    with pytest.raises(DataFolderRefused, match="it holds other things"):
        data_folder.claim(tmp_path)
    assert mode(tmp_path) == 0o755 and [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(DataFolderRefused, match="it is not a folder"):
        data_folder.claim(tmp_path / "data")
    with pytest.raises(DataFolderRefused, match="it cannot be made"):
        data_folder.claim(tmp_path / "data" / "below")


def test_somebody_elses_folder_is_refused_with_the_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "version").write_text("1")
    owner = data.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(DataFolderRefused, match=r"it belongs to '?[a-z0-9_ -]+'?\. Nothing .* Run the command as"):
        data_folder.claim(data)


def test_a_link_into_somebody_elses_folder_is_no_way_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "theirs")
    with pytest.raises(DataFolderRefused, match="it is not a folder"):
        data_folder.claim(tmp_path / "data")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(DataFolderRefused, match="it belongs to"):
        data_folder.claim((tmp_path / "data").resolve())  # as settings do


def test_a_file_system_that_does_not_obey_is_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    monkeypatch.setattr(data_folder, "_write_version", lambda _: None)
    with pytest.raises(DataFolderRefused, match=r"could not be closed .Operation not permitted."):
        data_folder.claim(data)


def test_everything_below_is_tightened_and_links_are_left(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch(0o644)
    outside.chmod(0o644)
    logs = tmp_path / "logs"
    (logs / "deployments").mkdir(parents=True)
    (logs / "web.log").touch()
    (logs / "web.log").chmod(0o644)
    (logs / "tool").touch()
    (logs / "tool").chmod(0o755)
    (logs / "deployments").chmod(0o755)
    (logs / "link").symlink_to(outside)
    assert data_folder.tighten(logs) == 3
    assert [mode(logs / name) for name in ("web.log", "tool", "deployments")] == [0o600, 0o700, 0o700]
    assert mode(outside) == 0o644
    assert data_folder.tighten(logs) == 0
