"""How much a folder takes, whatever its owner has laid into it."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sites.disk import trees, use
from sites.disk.folders import free
from sites.disk.trees import DEEPEST
from sites.disk.use import Use, measure
from tests.contents import nest


def test_counted_are_allocated_bytes_and_everything_that_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("/usr")
    os.mkfifo(tmp_path / "pipe")
    found = measure(tmp_path)
    assert (found.files, found.is_complete) == (4, True)
    assert 100_000 <= found.bytes < 150_000


def test_a_file_with_holes_counts_what_it_has(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10**13)
    assert measure(tmp_path).bytes < 100_000


def test_the_bytes_of_one_file_with_two_names_count_once_and_each_name_counts(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 100_000)
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    found = measure(tmp_path)
    assert found.files == 2
    assert 100_000 <= found.bytes < 150_000


def test_names_without_end_of_one_file_end_the_counting_too(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    for number in range(20):
        (tmp_path / str(number)).hardlink_to(tmp_path / "one")
    assert measure(tmp_path, max_files=10) == Use(0, 11, is_complete=False)


def test_what_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert measure(tmp_path / "none") == Use()


def test_folders_without_end_are_more_than_can_be_counted(tmp_path: Path) -> None:
    nest(tmp_path, 5000)
    assert not measure(tmp_path).is_complete
    trees.remove(tmp_path / "deeper")
    assert list(tmp_path.iterdir()) == []


def test_as_deep_as_can_be_walked_is_counted(tmp_path: Path) -> None:
    nest(tmp_path, DEEPEST - 1)
    assert measure(tmp_path).files == DEEPEST - 1


def test_counting_ends_beyond_the_files_that_are_asked_for(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).touch()
    assert measure(tmp_path, max_files=20).is_complete
    assert measure(tmp_path, max_files=10) == Use(0, 11, is_complete=False)


def test_files_that_come_and_go_meanwhile_stop_nothing(tmp_path: Path) -> None:
    is_over = threading.Event()

    def churn() -> None:
        while not is_over.is_set():
            for number in range(50):
                (tmp_path / f"folder{number}").mkdir(exist_ok=True)
                (tmp_path / f"folder{number}" / "file").touch()
            for number in range(50):
                (tmp_path / f"folder{number}" / "file").unlink()
                (tmp_path / f"folder{number}").rmdir()

    thread = threading.Thread(target=churn)
    thread.start()
    found = [measure(tmp_path) for _ in range(50)]
    is_over.set()
    thread.join()
    assert all(one.is_complete for one in found)


def test_a_program_tells_one_folder_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    line = [sys.executable, "-m", use.__name__, "0", str(tmp_path), "5", str(tmp_path / "none")]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [json.loads(one)["files"] for one in said] == [1, 0]


@pytest.mark.parametrize(
    ("found", "quota", "is_within"),
    [
        (Use(10, 10), Use(10, 10), True),
        (Use(11, 10), Use(10, 10), False),
        (Use(10, 11), Use(10, 10), False),
        (Use(10**15, 10**9), Use(0, 0), True),
        (Use(1, 1, is_complete=False), Use(0, 0), False),
    ],
)
def test_a_quota_of_0_is_none(found: Use, quota: Use, is_within: bool) -> None:
    assert found.is_within(quota) is is_within


def test_free_space_is_that_of_the_file_system(tmp_path: Path) -> None:
    found = free(tmp_path)
    assert 0 < found.bytes <= os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize
    assert found.files is None or found.files > 0
