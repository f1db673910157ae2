"""The folders by which a run is spoken with: what the run writes is a stranger's, and nothing of a run is left."""

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.disk.use import Use
from sites.errors import PushUnderWay, ServerBusy
from sites.repositories import job, place
from sites.repositories.commands import Question, Service
from sites.repositories.job import MAX_OF_ONE, MAX_PACKS, Job
from sites.runtime.registry import get_runtime
from tests.fakes.runtime import MemoryRuntime


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> MemoryRuntime:
    settings.GIT_DIR = tmp_path / "git"
    get_runtime.cache_clear()
    monkeypatch.setattr(job, "LOCK_SECONDS", 0.0)
    return get_runtime()


def question(service: Service = Service.RECEIVE_PACK, slot_id: int = 7) -> Question:
    return Question(service, 1, slot_id, "contoso", ("main",))


def started(service: Service = Service.RECEIVE_PACK, slot_id: int = 7) -> Job:
    found = Job(question(service, slot_id))
    found.start(most=Use())
    return found


def out(found: Job) -> Path:
    return found.folder / "out"


def test_a_run_reads_what_it_is_told_and_writes_elsewhere(runtime: MemoryRuntime) -> None:
    found = started()
    (spec,) = runtime.runs.values()
    writable = {mount.target for mount in spec.mounts if mount.is_writable}
    assert writable == {"/out", "/repository"}
    assert spec.owner == 1
    assert spec.disk_bytes > 0, "what it writes is bounded"
    found.close()
    assert not runtime.runs
    assert not list(place.jobs_folder().iterdir())


def test_a_job_that_cannot_be_made_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "mkfifo", full)
    with pytest.raises(OSError, match="No space left"):
        Job(question())
    assert not list(place.jobs_folder().iterdir())


@pytest.mark.parametrize("name", ["answer", "asked", "content.zip"])
def test_no_link_and_no_device_of_the_run_is_read(name: str, tmp_path: Path) -> None:
    found = started()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (out(found) / name).symlink_to(secret)
    assert found.read(name, 0, 100) == b""
    (out(found) / name).unlink()
    os.mkfifo(out(found) / name)
    assert found.read(name, 0, 100) == b""
    found.close()


def test_a_link_in_place_of_the_content_is_no_content(tmp_path: Path) -> None:
    found = started()
    (tmp_path / "secret").write_text("secret")
    (out(found) / "content.zip").symlink_to(tmp_path / "secret")
    assert found.take_content() is None
    found.close()


def test_what_does_not_fit_into_the_pipe_is_told_later() -> None:
    found = started()
    lines = ["line"] * 100_000
    left = found.tell(lines)
    assert 0 < len(left) < len(lines)
    assert not found.decide(is_published=True)
    found.close()


def test_the_runs_of_a_slot_and_of_all_are_bounded() -> None:
    begun = [Job(question(Service.UPLOAD_PACK)) for _ in range(MAX_OF_ONE)]
    with pytest.raises(ServerBusy):
        Job(question(Service.UPLOAD_PACK))
    other = Job(question(Service.UPLOAD_PACK, slot_id=8))
    for one in (*begun, other):
        one.close()


def test_one_push_to_a_slot_at_a_time() -> None:
    first = started()
    second = Job(question())
    with pytest.raises(PushUnderWay):
        second.start(most=Use())
    second.close()
    beside = started(slot_id=8)
    first.let_go()
    third = started()
    for one in (first, beside, third):
        one.close()


def test_the_branch_is_left_alone_while_a_push_goes_on(runtime: MemoryRuntime) -> None:
    push = started()
    looking = started(Service.UPLOAD_PACK_REFS)
    assert list(runtime.runs.values())[-1].env["IS_SYNCED"] == "no"
    looking.close()
    push.close()
    looking = started(Service.UPLOAD_PACK_REFS)
    assert list(runtime.runs.values())[-1].env["IS_SYNCED"] == "yes"
    looking.close()


def test_a_crowded_repository_is_cleaned_when_nothing_else_goes_on(runtime: MemoryRuntime) -> None:
    packs = place.repository_of(1) / "objects" / "pack"
    packs.mkdir(parents=True)
    for number in range(MAX_PACKS + 1):
        (packs / f"{number}.pack").touch()
    push = started(slot_id=8)
    looking = started(Service.RECEIVE_PACK_REFS)
    assert list(runtime.runs.values())[-1].env["IS_CLEANED"] == "no"
    looking.close()
    push.close()
    looking = started(Service.RECEIVE_PACK_REFS)
    assert list(runtime.runs.values())[-1].env["IS_CLEANED"] == "yes"
    looking.close()


def test_what_a_dead_process_left_is_ended_and_removed(runtime: MemoryRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, left = started(slot_id=8), started()
    os.close(left._claim)  # as the kernel does for the dead
    monkeypatch.setattr(place, "JUST_BEGUN_SECONDS", -1.0)
    assert place.sweep() == 1
    assert list(runtime.runs) == [place.run_id_of(mine.folder)]
    assert list(place.jobs_folder().iterdir()) == [mine.folder]
    left._claim = -1
    left._close_pipe()
    mine.close()
