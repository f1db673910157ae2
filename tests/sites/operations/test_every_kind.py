"""Whatever happens to an operation at whichever step, it ends, and everything is as before or as asked."""

import copy
import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.db import transaction

from sites.errors import Failed, RoutesRefused
from sites.models import Operation, OperationState, SlotHold, Step
from sites.operations import machine
from sites.operations.kind import INTO_SERVICE
from sites.operations.kinds import KINDS, kind_of
from sites.operations.procedure import Progress
from sites.operations.stages import STAGES
from sites.operations.turn import Turn
from sites.services.operations import cancel
from sites.services.swaps import complete_swap
from tests.deaths import Killed
from tests.domain import Domain, alter_stage
from tests.sites.operations.inventory import Inventory, served, take_inventory
from tests.sites.operations.scenes import SCENES, let_time_pass, previewed_swap

ROUNDS = 40


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    for name in ("CONTENT_DIR", "BUILD_DIR", "MOUNT_DIR", "CACHE_DIR", "UPLOAD_DIR", "GIT_DIR"):
        setattr(settings, name, settings.DATA_DIR / name)
    settings.BASE_DIR = tmp_path
    uv = tmp_path / ".boot" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.touch()


def test_there_is_a_way_to_ask_for_every_kind() -> None:
    assert set(SCENES) == {kind.name for kind in KINDS.values() if not kind.is_recorded}


# What happens at a step


def refuse(turn: Turn, work: Callable[[Turn], Progress]) -> Progress:
    raise Failed("told to fail.")


def refuse_routes(turn: Turn, work: Callable[[Turn], Progress]) -> Progress:
    raise RoutesRefused(what="It", reason="told to", holds="")


def raise_exception(turn: Turn, work: Callable[[Turn], Progress]) -> Progress:
    work(turn)
    raise ValueError("told to")


def fill_disk(turn: Turn, work: Callable[[Turn], Progress]) -> Progress:
    raise OSError(errno.ENOSPC, "No space left on device")


def kill(turn: Turn, work: Callable[[Turn], Progress]) -> Progress:
    work(turn)
    raise Killed


def kill_once(turn: Turn, work: Callable[[Turn], Progress]) -> Progress:
    if turn.operation.losses:
        return work(turn)
    raise Killed


def be_cancelled(turn: Turn, work: Callable[[Turn], Progress]) -> Progress:
    cancel(acting_user=turn.operation.actor, operation=Operation.objects.get(pk=turn.operation.pk))
    return work(turn)


def on_one_database(happen: Callable) -> object:
    """A parameter for the first database only."""
    return pytest.param(happen, marks=pytest.mark.one_database)


LOST = (refuse, raise_exception, fill_disk, kill)
"""After the switch, which nothing of this undoes, the operation goes on without the step."""


WAYS = (raise_exception, be_cancelled, *map(on_one_database, (refuse, refuse_routes, fill_disk, kill, kill_once)))
"""What they leave to the database does not differ, so two of them are enough for a second one."""


@pytest.mark.parametrize("happen", WAYS)
@pytest.mark.parametrize("scene", [scene for scenes in SCENES.values() for scene in scenes])
def test_an_operation_ends_with_everything_as_before_or_as_asked(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, scene: Callable, happen: Callable
) -> None:
    monkeypatch.setattr(machine, "FIRST_RETRY_SECONDS", 0.0)
    ask = scene(domain)
    let_time_pass(domain)
    before, done, steps = take_inventory(domain), {}, []
    with rolled_back(domain):
        operation = carry_out(domain, ask())
        assert operation.state == "succeeded", operation.outcome
        steps = kind_of(operation).steps_of(operation)
        done = served(domain)
    for step in steps:
        is_switched = step in Operation.AFTER_SWITCH
        if happen is be_cancelled and is_switched:
            continue  # it is refused
        with rolled_back(domain), monkeypatch.context() as patch:
            work = STAGES[step].work
            alter_stage(patch, step, work=lambda turn, work=work: happen(turn, work))
            operation = carry_out(domain, ask())
            if happen is kill_once or (is_switched and happen in LOST):
                assert operation.state == "succeeded", f"{step}: {operation.outcome}"
                assert served(domain) == done, step
            else:
                assert operation.state in ("failed", "cancelled"), f"{step}: {operation.outcome}"
                assert_same(take_inventory(domain, operation), before, step, operation)
            assert not SlotHold.objects.exists(), step


@pytest.mark.parametrize("happen", [refuse, refuse_routes, raise_exception, fill_disk, kill, be_cancelled])
def test_a_preview_whose_completion_comes_to_nothing_is_withdrawn(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, happen: Callable
) -> None:
    monkeypatch.setattr(machine, "FIRST_RETRY_SECONDS", 0.0)
    ask = previewed_swap(domain)
    let_time_pass(domain)
    before = take_inventory(domain)
    for step in INTO_SERVICE:
        if step in Operation.AFTER_SWITCH and happen is not refuse_routes:
            continue  # it goes on
        with rolled_back(domain), monkeypatch.context() as patch:
            operation = ask()
            while operation.state != OperationState.WAITING:
                domain.look(operation)
            complete_swap(acting_user=domain.alice, operation=operation)
            work = STAGES[step].work
            alter_stage(patch, step, work=lambda turn, work=work: happen(turn, work))
            operation = carry_out(domain, operation)
            assert operation.state in ("failed", "cancelled"), f"{step}: {operation.outcome}"
            assert_same(take_inventory(domain, operation), before, step, operation)


def assert_same(now: Inventory, before: Inventory, step: Step, operation: Operation) -> None:
    """What differs is named."""
    kind = kind_of(operation)
    for name in before:
        if kind.stays_saved and name in ("SlotSetting", "StickyName"):
            continue
        gone = [one for one in before[name] if one not in now[name]]
        new = [one for one in now[name] if one not in before[name]]
        assert (gone, new) == ([], []), f"{operation} failed at {step} ({operation.outcome}): {name}"


def carry_out(domain: Domain, operation: Operation) -> Operation:
    """Let workers have it until it has ended, one after the other if they die; then let time pass."""
    for _ in range(ROUNDS):
        operation.refresh_from_db()
        if not operation.is_open:
            break
        if operation.state == OperationState.WAITING:
            complete_swap(acting_user=domain.alice, operation=operation)
        try:
            domain.look(operation)
        except Killed:
            domain.bury(operation)
        if operation.step == Step.STOPPING:
            let_time_pass(domain)
    assert not operation.is_open, f"{operation} is still open at {operation.step}"
    let_time_pass(domain)
    return operation


@contextmanager
def rolled_back(domain: Domain) -> Iterator[None]:
    """What happens within leaves no trace."""
    memory = copy.deepcopy((domain.router.nodes, vars(domain.runtime)))
    files = domain.folder / "files of before"
    shutil.copytree(settings.DATA_DIR, files)
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    shutil.rmtree(settings.DATA_DIR)
    files.rename(settings.DATA_DIR)
    domain.router.nodes, runtime = memory
    vars(domain.runtime).update(runtime)
