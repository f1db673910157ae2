"""Whoever goes through a site's folder with more rights than the site follows no link, not even a new one."""

import os
import stat
from pathlib import Path

import pytest

from sites.disk import trees
from sites.disk.trees import TooDeep, entries_below
from tests.contents import nest


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("x")
    (folder / "secret").chmod(0o600)
    return folder


def test_every_entry_is_found_and_links_are_entries_too(tmp_path: Path, outside: Path) -> None:
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "b" / "file").touch()
    (top / "link").symlink_to(outside)
    assert [entry.name for entry in entries_below(top) if stat.S_ISLNK(entry.mode)] == ["link"]
    assert {entry.name for entry in entries_below(top)} == {"a", "b", "file", "link"}


def test_a_folder_that_becomes_a_link_on_the_way_is_not_entered(tmp_path: Path, outside: Path) -> None:
    top = tmp_path / "top"
    (top / "folder").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        for entry in entries_below(top):
            (top / "folder").rmdir()
            (top / "folder").symlink_to(outside)
            assert entry.name == "folder"


def test_permissions_of_what_became_a_link_are_left_alone(tmp_path: Path, outside: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (top / "file").touch()
    for entry in entries_below(top):
        (top / "file").unlink()
        (top / "file").symlink_to(outside / "secret")
        entry.permit(0o666)
    assert stat.S_IMODE((outside / "secret").stat().st_mode) == 0o600


def test_a_folder_above_that_becomes_a_link_leads_nowhere_else(tmp_path: Path, outside: Path) -> None:
    """The entry was found in the old folder, and stays there."""
    top = tmp_path / "top"
    (top / "folder").mkdir(parents=True)
    (top / "folder" / "secret").touch()
    for entry in entries_below(top):
        if entry.name == "secret":
            (top / "folder").rename(tmp_path / "moved")
            (top / "folder").symlink_to(outside)
            entry.permit(0o640)
    assert stat.S_IMODE((outside / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "moved" / "secret").stat().st_mode) == 0o640


def test_folders_without_end_are_refused_before_descriptors_run_out(tmp_path: Path) -> None:
    nest(tmp_path, 3000)
    with pytest.raises(TooDeep):
        list(entries_below(tmp_path))
    trees.remove(tmp_path)
    assert not tmp_path.exists()


def test_removal_follows_no_link_and_opens_what_its_owner_closed(tmp_path: Path, outside: Path) -> None:
    top = tmp_path / "top"
    (top / "closed" / "below").mkdir(parents=True)
    (top / "closed").chmod(0)
    (top / "link").symlink_to(outside)
    trees.remove(top)
    assert not top.exists()
    assert (outside / "secret").exists()
    trees.remove(top)


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "top").symlink_to(outside)
    trees.remove(tmp_path / "top")
    assert (outside / "secret").exists()
    with pytest.raises(OSError, match="top"):
        list(entries_below(tmp_path / "top"))


def test_a_tree_is_given_with_its_links_and_not_what_they_lead_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outside: Path
) -> None:
    top = tmp_path / "top"
    (top / "folder").mkdir(parents=True)
    (top / "folder" / "file").touch()
    (top / "link").symlink_to(outside)
    given: list[tuple[str, bool]] = []

    def chown(path: str | Path, uid: int, gid: int, *, dir_fd: int | None = None, follow_symlinks: bool) -> None:
        assert uid == gid == 20001
        given.append((Path(path).name, follow_symlinks))

    monkeypatch.setattr(os, "chown", chown)
    trees.give_to(top, 20001)
    assert sorted(given[:-1]) == [("file", False), ("folder", False), ("link", False)]
    assert given[-1] == ("top", False), "last, so that what was interrupted is begun again"


def test_an_entry_knows_its_path_from_the_top(tmp_path: Path) -> None:
    (tmp_path / "one" / "two").mkdir(parents=True)
    (tmp_path / "one" / "two" / "file").touch()
    assert [entry.path for entry in trees.entries_below(tmp_path)] == ["one", "one/two", "one/two/file"]
