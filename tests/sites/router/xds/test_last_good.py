"""The last good tables survive everything but are never a part of the truth."""

import sqlite3
from pathlib import Path

import pytest

from sites.router.table import HostRoute, Maintenance, Page
from sites.router.xds.last_good import LastGood, decode, encode
from tests.sites.router.tables import table


@pytest.fixture
def last_good(tmp_path: Path) -> LastGood:
    return LastGood(tmp_path / "last-good.sqlite3")


def test_a_table_comes_back_as_it_was() -> None:
    closed = HostRoute("b.localhost", "staging", "r-1", maintenance=Maintenance("<h1>é</h1>", 60), proofs=(("a", "b"),))
    original = table(3, hosts=(HostRoute("a.localhost", "production", None, Page.STOPPED), closed))
    assert decode(encode(original)) == original
    assert decode(encode(table(1))).hosts[0].page is None


def test_nothing_is_there_before_a_complete_set_was_written(last_good: LastGood) -> None:
    assert last_good.load() is None
    last_good.put(table(1))
    assert last_good.load() is None
    last_good.replace([])
    assert last_good.load() == []


def test_changes_of_one_site_are_kept(last_good: LastGood) -> None:
    last_good.replace([table(1), table(1, site_id=2)])
    last_good.put(table(2, "r-2", "r-1"))
    last_good.remove(2)
    assert last_good.load() == [table(2, "r-2", "r-1")]


def test_a_damaged_file_counts_as_none_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "last-good.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    last_good = LastGood(path)
    assert last_good.load() is None
    last_good.replace([table(1)])
    assert last_good.load() == [table(1)]


def test_a_file_of_another_format_counts_as_none(tmp_path: Path, last_good: LastGood) -> None:
    last_good.replace([table(1)])
    database = sqlite3.connect(tmp_path / "last-good.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()
    assert last_good.load() is None


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    last_good = LastGood(tmp_path / "missing" / "last-good.sqlite3")
    last_good.replace([table(1)])
    last_good.put(table(1))
    assert "cannot be written" in caplog.text
