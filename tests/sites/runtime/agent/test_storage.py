"""Who writes more than its quota can only read, until it is within it again."""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sites.runtime.agent import storage
from sites.runtime.agent.storage import Storage
from sites.runtime.spec import FolderQuota, FolderUse, MachineLimits, Mount

MB = 1024 * 1024


@dataclass
class Sandbox:
    """Shows one persistent folder, and does at once what it is told."""

    mounts: tuple[Mount, ...]
    owner: int = 7
    inside: int | None = field(default_factory=os.getpid)
    is_writing: bool | None = True
    told: list[tuple[bool, str]] = field(default_factory=list)

    async def let_write(self, is_allowed: bool, why: str) -> None:
        self.is_writing = is_allowed
        self.told.append((is_allowed, why))


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOONEST_SECONDS", "QUIET_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(storage, name, -1.0)
    monkeypatch.setattr(storage, "SHARE", 0)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "mounts" / "7" / "slot-1" / "store"
    folder.mkdir(parents=True)
    return folder


def quota(tmp_path: Path, size: int = 10 * MB, files: int = 100) -> MachineLimits:
    return MachineLimits(1000, 10, 0, (FolderQuota(7, str(tmp_path / "mounts" / "7"), size, files),))


def kept(tmp_path: Path, *, is_enforced: bool = True) -> Storage:
    found = Storage(tmp_path / "state", is_enforced=is_enforced)
    found.keep(quota(tmp_path))
    return found


def sandbox(store: Path) -> Sandbox:
    return Sandbox((Mount("/content", "/app", is_writable=False), Mount(str(store), "/data/store")))


def write(folder: Path, megabytes: int, name: str = "file") -> None:
    (folder / name).write_bytes(b"x" * megabytes * MB)


def test_within_the_quota_nothing_is_told(tmp_path: Path, store: Path) -> None:
    keeper, one = kept(tmp_path), sandbox(store)
    write(store, 9)
    asyncio.run(keeper.look([one]))
    assert one.told == []
    assert keeper.uses()[0].bytes >= 9 * MB
    assert not keeper.uses()[0].is_read_only


def test_beyond_it_every_sandbox_of_the_site_can_only_read_and_later_ones_too(tmp_path: Path, store: Path) -> None:
    keeper, one, two = kept(tmp_path), sandbox(store), sandbox(store)
    other = Sandbox((Mount(str(tmp_path / "mounts/8/a"), "/data/a"),), owner=8)
    write(store, 12)
    asyncio.run(keeper.look([one, two, other]))
    assert (one.is_writing, two.is_writing, other.told) == (False, False, [])
    assert "take more than they may (12 MB of 10 MB" in one.told[0][1]
    assert "Restart the web site: for 10 minutes it can then delete files" in one.told[0][1]
    assert not keeper.as_allowed(7, one.mounts)[1].is_writable
    late = sandbox(store)
    asyncio.run(keeper.look([late]))
    assert late.is_writing is False, "it was started while the folders became read-only"


def test_too_many_files_are_too_much(tmp_path: Path, store: Path) -> None:
    keeper, one = kept(tmp_path), sandbox(store)
    for number in range(200):
        (store / str(number)).touch()
    asyncio.run(keeper.look([one]))
    assert one.is_writing is False


def test_once_files_are_deleted_it_may_write_again(tmp_path: Path, store: Path) -> None:
    keeper, one = kept(tmp_path), sandbox(store)
    write(store, 12)
    asyncio.run(keeper.look([one]))
    (store / "file").unlink()
    asyncio.run(keeper.look([one]))
    assert [is_allowed for is_allowed, _why in one.told] == [False, True]
    assert keeper.as_allowed(7, one.mounts) == one.mounts


def test_a_file_that_is_open_without_a_name_counts(tmp_path: Path, store: Path) -> None:
    keeper, one = kept(tmp_path), sandbox(store)
    with (store / "file").open("wb") as file:
        file.write(b"x" * 12 * MB)
        file.flush()
        (store / "file").unlink()
        asyncio.run(keeper.look([one]))
    assert one.is_writing is False


def test_a_restart_gives_time_to_delete_but_not_far_beyond_the_quota(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "CEILING", 1.5)
    keeper, one = kept(tmp_path), sandbox(store)
    write(store, 12)
    asyncio.run(keeper.look([one]))
    keeper.give_grace(7)
    assert keeper.as_allowed(7, one.mounts) == one.mounts
    asyncio.run(keeper.look([one]))
    assert one.is_writing is True
    write(store, 5, "more")
    asyncio.run(keeper.look([one]))
    assert one.is_writing is False
    keeper.give_grace(7)
    assert not keeper.as_allowed(7, one.mounts)[1].is_writable, "no restart helps beyond the ceiling"


def test_the_time_to_delete_ends(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "CEILING", 1.5)
    monkeypatch.setattr(storage, "GRACE_SECONDS", -1.0)
    keeper, one = kept(tmp_path), sandbox(store)
    write(store, 12)
    asyncio.run(keeper.look([one]))
    keeper.give_grace(7)
    asyncio.run(keeper.look([one]))
    assert one.is_writing is False


def test_an_agent_that_is_started_again_knows_what_is_read_only(tmp_path: Path, store: Path) -> None:
    keeper, one = kept(tmp_path), sandbox(store)
    write(store, 12)
    asyncio.run(keeper.look([one]))
    (store / "file").unlink()
    after = Storage(tmp_path / "state", is_enforced=True)
    assert not after.as_allowed(7, one.mounts)[1].is_writable
    adopted = sandbox(store)
    adopted.is_writing = None
    asyncio.run(after.look([adopted]))
    assert adopted.is_writing is True


def test_without_a_sandbox_it_is_only_measured(tmp_path: Path, store: Path) -> None:
    keeper, one = kept(tmp_path, is_enforced=False), sandbox(store)
    write(store, 12)
    asyncio.run(keeper.look([one]))
    assert one.told == []
    assert keeper.uses()[0].bytes >= 12 * MB


def test_a_quota_of_0_is_none(tmp_path: Path, store: Path) -> None:
    keeper, one = kept(tmp_path), sandbox(store)
    keeper.keep(quota(tmp_path, 0, 0))
    write(store, 12)
    asyncio.run(keeper.look([one]))
    assert one.told == []
    assert keeper.largest_file(7) == 0


def test_the_largest_file_is_as_large_as_all_may_be(tmp_path: Path) -> None:
    assert kept(tmp_path).largest_file(7) == 10 * MB
    assert kept(tmp_path).largest_file(8) == 0


def test_folders_that_are_not_there_yet_take_nothing(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    asyncio.run(keeper.look([]))
    assert keeper.uses() == [FolderUse(7, 0, 0)]


def test_when_the_disk_fills_quickly_who_writes_is_looked_at_without_waiting(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, one = kept(tmp_path), sandbox(store)
    asyncio.run(keeper.look([one]))
    for name in ("SOONEST_SECONDS", "QUIET_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(storage, name, 3600.0)
    write(store, 12)
    asyncio.run(keeper.look([one]))
    assert one.told == [], "not due yet"
    found = storage.free(tmp_path)
    monkeypatch.setattr(storage, "free", lambda _: storage.Free(found.bytes - 2 * storage.STEP_BYTES, found.files))
    asyncio.run(keeper.look([one]))
    assert one.is_writing is False
