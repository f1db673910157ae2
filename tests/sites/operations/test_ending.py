"""Every operation ends: also where its content is missing, the disk is full, or the ending itself fails."""

import errno
import shutil
from datetime import timedelta
from itertools import count

import pytest
from django.db import OperationalError

from sites.content import store
from sites.errors import BuildFailed
from sites.jobs import retire
from sites.models import Operation, Revision, RevisionState, Slot, SlotHold, Step
from sites.operations import claims, machine
from sites.operations.kinds.restart import RESTART
from sites.operations.kinds.swap import SWAP
from sites.operations.turn import Turn
from sites.services import operations, slots, swaps
from sites.services.rollback import offer_roll_back
from sites.services.sites import create_site
from tests.deaths import Killed
from tests.domain import Domain, alter_stage


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "FIRST_RETRY_SECONDS", 0.0)


def fault(*_: object) -> None:
    raise ValueError("a fault of our own")


def start_swap(domain: Domain) -> Operation:
    production, staging = domain.marked()
    return swaps.request_swap(acting_user=domain.alice, source=staging, target=production)


def test_a_success_says_the_seconds_that_its_row_says(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    now, looks = Turn.now, count()
    monkeypatch.setattr(Turn, "now", lambda turn: now(turn) + timedelta(seconds=next(looks)))
    operation = domain.work(start_swap(domain))
    assert operation.ended_at is not None
    assert f"in {(operation.ended_at - operation.swap.begun_at).total_seconds():.1f} s" in operation.outcome


def test_content_that_is_gone_ends_the_publication(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    production, _staging = domain.staged()
    operation = domain.ask_to_publish(production, "three")
    path_of = store.path_of
    monkeypatch.setattr(store, "path_of", lambda digest: path_of(digest) / "gone")
    assert domain.work(operation).state == "failed"
    assert "its content is gone from the server. 'contoso' goes on serving 'one'." in operation.outcome


def test_an_exception_is_tried_again_five_times_and_then_ends_the_operation(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _staging = domain.staged()
    looks: list[Turn] = []
    alter_stage(monkeypatch, Step.STARTING, work=lambda turn: (looks.append(turn), fault()))
    operation = domain.publish(production, "three")
    assert (operation.state, operation.error_code, len(looks)) == ("failed", "InternalFault", 5)
    assert operation.outcome == (
        "The publication was stopped at 'Starting the instances' by a fault of Greenroom itself (ValueError). "
        "'contoso' goes on serving 'one'. Try again; the log of the worker says more."
    )
    assert not SlotHold.objects.exists()


def test_a_full_disk_ends_an_operation_at_once_and_leaves_no_half_copy(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _staging = domain.staged()

    def fill(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    alter_stage(monkeypatch, Step.BUILDING, work=fill)
    operation = domain.publish(production, "three")
    assert (operation.state, operation.error_code, operation.losses) == ("failed", "NoSpaceLeft", 1)
    assert operation.outcome.startswith("The publication was stopped: the disk of the server is full. 'contoso' goes")
    assert domain.serves("contoso.localhost") == "one"


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.ENOSPC])
def test_a_disk_that_is_full_somewhere_below_is_seen(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    operation = start_swap(domain)

    def fill(turn: Turn) -> None:
        try:
            raise OSError(number, "full")
        except OSError as full:
            raise shutil.Error("could not copy") from full

    alter_stage(monkeypatch, Step.STARTING, work=fill)
    assert domain.work(operation).error_code == "NoSpaceLeft"


def test_the_log_of_the_worker_has_no_lines_of_the_application(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    production, _staging = domain.staged()

    def fail(*_: object, **__: object) -> None:
        raise BuildFailed(message="three", where="", holds="", last_lines="\nIts last lines:\npassword=hush")

    alter_stage(monkeypatch, Step.BUILDING, work=fail)
    operation = domain.publish(production, "three")
    assert "hush" in operation.outcome and "hush" not in caplog.text
    assert "The build of 'three' failed." in caplog.text


def test_one_step_back_that_fails_does_not_keep_the_others(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    production, _staging = domain.staged()
    workload = production.workload
    alter_stage(monkeypatch, Step.PREPARING, undo=fault)
    operation = slots.restart(acting_user=domain.alice, slot=production)
    operations.cancel(acting_user=domain.alice, operation=operation)
    Operation.objects.filter(pk=operation.pk).update(cancel_requested_at=None)
    domain.runtime.exit_with(Revision.objects.latest("pk").pk + 1, 0, 1)
    assert domain.work(operation).state == "failed"
    assert "something of it may be left" in operation.outcome
    workload.refresh_from_db()
    assert workload.restarts == 0
    assert not SlotHold.objects.exists()


@pytest.mark.parametrize("name", ["success", "on_success"])
def test_an_operation_whose_good_end_fails_ends_nevertheless(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    operation = start_swap(domain)
    monkeypatch.setattr(SWAP, name, fault)
    assert domain.work(operation).state == "failed"
    assert "What was switched stays switched." in operation.outcome
    assert domain.serves("contoso.localhost") == "two"
    assert not SlotHold.objects.exists()


def test_an_operation_for_which_no_words_can_be_found_ends_nevertheless(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = start_swap(domain)
    monkeypatch.setattr(SWAP, "failure", fault)
    alter_stage(monkeypatch, Step.WARMING, work=fault)
    assert domain.work(operation).state == "failed"
    assert "No address was switched." in operation.outcome
    assert not SlotHold.objects.exists()


def test_an_ending_that_kills_its_workers_is_given_up(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    production, _staging = domain.staged()

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(RESTART, "undo", die)
    alter_stage(monkeypatch, Step.WARMING, work=die)
    operation = slots.restart(acting_user=domain.alice, slot=production)
    for _ in range(30):
        operation.refresh_from_db()
        if not operation.is_open:
            break
        try:
            domain.look(operation)
        except Killed:
            domain.bury(operation)
    assert (operation.state, operation.error_code) == ("failed", "InternalFault")
    assert not SlotHold.objects.exists()


def test_a_lost_database_is_no_fault_of_the_step(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = start_swap(domain)

    def lose(turn: Turn) -> None:
        raise OperationalError("the connection was closed")

    alter_stage(monkeypatch, Step.WARMING, work=lose)
    with pytest.raises(OperationalError):
        domain.look(operation)
    operation.refresh_from_db()
    assert operation.is_open and operation.losses == 0
    monkeypatch.undo()
    claim = operation.claimed_by
    machine.run(operation.pk, 1, claim=claims.new_claim(), again=lambda *_: None, instead_of=(claim,))
    operation.refresh_from_db()
    assert (operation.state, operation.attempt) == ("succeeded", 2)


def test_a_restart_that_fails_leaves_the_way_back_instant(domain: Domain) -> None:
    production, _staging = domain.swapped()
    assert offer_roll_back(production.site).is_instant
    domain.runtime.exit_with(Revision.objects.latest("pk").pk + 1, 0, 1)
    assert domain.work(slots.restart(acting_user=domain.alice, slot=production)).state == "failed"
    assert offer_roll_back(production.site).is_instant
    before = Revision.objects.count()
    assert domain.work(slots.scale(acting_user=domain.alice, slot=production, count=2)).state == "succeeded"
    assert Revision.objects.count() == before, "one instance more, beside the one that runs"


def test_a_site_whose_creation_fails_leaves_its_name_free(domain: Domain) -> None:
    domain.runtime.ill = lambda revision_id: 1
    operation = create(domain)
    assert domain.work(operation).state == "failed"
    assert "'contoso' was not created; its name is free." in operation.outcome
    domain.runtime.recover()
    assert domain.work(create(domain)).state == "succeeded"
    assert Slot.objects.count() == 1


def create(domain: Domain) -> Operation:
    return create_site(acting_user=domain.alice, subscription=domain.subscription, name="contoso")


def test_what_was_revived_in_vain_runs_until_every_router_has_let_go_of_it(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = domain.marked()
    slots.change_swap_settings(acting_user=domain.alice, slot=production, rollback_window_seconds=0)
    domain.router.nodes["router-1"].is_late = True
    monkeypatch.setattr("sites.operations.steps.acknowledge.LATE_SECONDS", 0.0)
    alter_stage(monkeypatch, Step.ROUTES_OFFERED, work=lambda turn: machine.DONE)
    assert domain.swap(staging, production).state == "succeeded"
    old = production.live_revision
    again = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    alter_stage(monkeypatch, Step.WARMING, work=fault)
    assert domain.work(again).state == "failed"
    old.refresh_from_db()
    assert (old.state, old.released_at) == (RevisionState.DRAINING, None)
    Revision.objects.filter(pk=old.pk).update(idle_since=None)
    retire.run()
    old.refresh_from_db()
    assert old.state == RevisionState.DRAINING, "a router may still lead visitors to it"
