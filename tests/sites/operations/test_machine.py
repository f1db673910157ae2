"""An operation reaches its end from whatever line its worker died at, or leaves everything as it was."""

import itertools

import pytest

from sites.errors import StaleOrder
from sites.models import Operation, Revision, RevisionState, SlotHold, Step
from sites.models.clock import now
from sites.operations import claims, machine, procedure
from sites.operations.kind import INTO_SERVICE
from sites.operations.kinds.swap import SWAP
from sites.operations.stages import STAGES
from sites.operations.steps import switch
from sites.operations.turn import Turn
from sites.services import operations, slots, swaps
from sites.services.deployments import publish_zip
from sites.services.settings import Entry, save_settings
from tests.deaths import Killed
from tests.domain import DEAD, Domain, alter_stage


def start_swap(domain: Domain) -> Operation:
    production, staging = domain.staged()
    return swaps.request_swap(acting_user=domain.alice, source=staging, target=production)


def die_in(step: Step, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next worker that comes to `step` dies before or after its work, once."""
    died = []
    do = STAGES[step].work

    def work(turn: Turn) -> procedure.Progress:
        if died:
            return do(turn)
        died.append(True)
        if when == "after":
            do(turn)
        raise Killed

    alter_stage(monkeypatch, step, work=work)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", INTO_SERVICE)
def test_a_swap_whose_worker_is_killed_at_any_step_is_completed_by_the_next(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, step: Step, when: str
) -> None:
    operation = start_swap(domain)
    die_in(step, when, monkeypatch)
    with pytest.raises(Killed):
        domain.look(operation)
    domain.work(domain.bury(operation))
    operation.refresh_from_db()
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "two"
    assert domain.serves("contoso-staging.localhost") == "one"
    assert not SlotHold.objects.exists()


def test_a_worker_that_was_given_up_can_write_nothing_more(domain: Domain) -> None:
    operation = start_swap(domain)
    Operation.objects.filter(pk=operation.pk).update(claimed_by=DEAD, claimed_at=now())
    old = Operation.objects.get(pk=operation.pk)
    domain.bury(operation)
    with pytest.raises(StaleOrder):
        procedure.park(Turn(old, SWAP, now()), seconds=0.0)
    with pytest.raises(StaleOrder):
        procedure.enter(Turn(old, SWAP, now()), STAGES[Step.PREPARING])
    machine.run(old.pk, old.attempt, claim=claims.new_claim(), again=lambda *_: pytest.fail("it must not go on"))
    assert Operation.objects.get(pk=old.pk).step == Step.REQUESTED


def test_routers_that_know_every_instance_are_given_new_routes_once(domain: Domain) -> None:
    production, staging = domain.staged()
    versions = [production.site.routes_version]
    for _ in range(2):
        operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
        assert domain.work(operation).state == "succeeded", operation.outcome
        production.site.refresh_from_db()
        versions.append(production.site.routes_version)
    assert [after - before for before, after in itertools.pairwise(versions)] == [1, 1]
    assert domain.serves("contoso.localhost") == "one"


def test_each_step_keeps_what_it_found(domain: Domain) -> None:
    operation = start_swap(domain)
    domain.work(operation)
    found = dict(operation.steps.values_list("step", "sentence"))
    assert found[Step.STARTING] == "1 of 1 instance running"
    assert found[Step.WARMING] == "1 of 1 instance answering"
    assert found[Step.ROUTES_OFFERED] == found[Step.ROUTES_ACKNOWLEDGED] == "acknowledged by every router"


def test_two_ticks_at_once_take_an_operation_up_once(domain: Domain) -> None:
    operation = start_swap(domain)
    Operation.objects.filter(pk=operation.pk).update(claimed_by=DEAD, claimed_at=now())
    domain.bury(operation)
    assert claims.take_from_lost() == []


def test_an_instance_that_answers_500_fails_the_swap_and_leaves_production_alone(domain: Domain) -> None:
    production, staging = domain.staged()
    revision = staging.live_revision
    domain.answers[revision.pk] = "500"
    domain.runtime.write_log(revision.pk, 0, "Traceback: no database")
    operation = domain.work(swaps.request_swap(acting_user=domain.alice, source=staging, target=production))
    assert operation.state == "failed"
    assert operation.error_code == "WarmupFailed"
    assert "instance 1 of 'contoso' answered 500 to GET / 5 times; accepted are 200–499" in operation.outcome
    assert "Production was not touched." in operation.outcome
    assert "Traceback: no database" in operation.outcome
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"
    assert not SlotHold.objects.exists()


def test_a_release_that_does_not_start_fails_the_publication_with_its_last_lines(domain: Domain) -> None:
    production, _staging = domain.staged()
    before = domain.serves("contoso.localhost")
    domain.runtime.exit_with(Revision.objects.latest("pk").pk + 1, 0, 3)
    domain.runtime.write_log(Revision.objects.latest("pk").pk + 1, 0, "SyntaxError: line 4")
    operation = domain.publish(production, "three")
    assert operation.error_code == "InstanceNotStarted"
    assert "instance 1 of 1 of 'contoso' ended with code 3 before it listened" in operation.outcome
    assert "'contoso' goes on serving 'one'." in operation.outcome
    assert "SyntaxError: line 4" in operation.outcome
    assert domain.serves("contoso.localhost") == before
    deployment = production.workload.deployments.first()
    assert deployment.state == "failed"


def test_an_instance_may_end_once_before_it_listens(domain: Domain) -> None:
    production, _staging = domain.staged()
    coming = Revision.objects.latest("pk").pk + 1
    domain.runtime.exit_with(coming, 0, 3, restarts=1)
    values = {"acting_user": domain.alice, "author": "alice", "message": "three", "deployer": "Portal"}
    operation = publish_zip(slot=production, archive=domain.archive("three"), **values)
    domain.look(operation)
    assert (operation.is_open, operation.step) == (True, Step.STARTING)
    domain.runtime.recover()
    assert domain.work(operation).state == "succeeded"


def test_a_cancelled_swap_changes_nothing(domain: Domain) -> None:
    operation = start_swap(domain)
    operations.cancel(acting_user=domain.alice, operation=operation)
    domain.work(operation)
    assert operation.state == "cancelled"
    assert operation.outcome == "The swap of 'contoso' was cancelled. Production was not touched."
    assert domain.serves("contoso.localhost") == "one"
    assert not SlotHold.objects.exists()


def test_routes_that_every_router_refuses_are_switched_back(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    production, staging = domain.staged()
    entries = [Entry("MARK", "staging", is_sticky=True)]
    domain.work(save_settings(acting_user=domain.alice, slot=staging, category="app_settings", entries=entries))
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)

    def refuse(turn: Turn) -> procedure.Progress:
        domain.router.nodes["router-1"].refuses = "unknown cluster"
        return switch.announce(turn)

    alter_stage(monkeypatch, Step.SWITCHED, work=refuse)
    domain.work(operation)
    assert operation.error_code == "RoutesRefused"
    domain.router.nodes["router-1"].refuses = ""
    for slot in operation.changes.get(slot__is_production=True).slot.site.slots.all():
        assert slot.live_revision.state == RevisionState.SERVING
        assert slot.live_revision.workload == slot.workload
        expected = "one" if slot.is_production else "two"
        assert slot.workload.active_deployment.message == expected
    assert not Revision.objects.filter(retained_until__isnull=False).exists(), "nothing is kept for a roll-back"


@pytest.mark.parametrize("state", ["stopped", "placeholder", "running"])
def test_a_publication_that_every_router_refuses_leaves_nothing_in_force(domain: Domain, state: str) -> None:
    production, staging = domain.staged()
    if state == "stopped":
        domain.work(slots.stop(acting_user=domain.alice, slot=staging))
    if state == "placeholder":
        domain.work(slots.delete_staging(acting_user=domain.alice, slot=staging))
        staging = domain.enable(production.site)
    node = domain.router.nodes["router-1"]
    take = domain.router.publish
    told = itertools.count(1)

    def refuse_the_second(site_id: int, version: int, **values: float) -> object:
        node.refuses = "no" if next(told) >= 2 else ""
        return take(site_id, version, **values)

    domain.router.publish = refuse_the_second
    operation = domain.publish(staging, "three")
    node.refuses = ""
    assert operation.state == "failed"
    assert "was undone" in operation.outcome
    assert "serving 'three'" not in operation.outcome
    staging.refresh_from_db()
    before = staging.workload.active_deployment
    assert (before.message if before else None) == (None if state == "placeholder" else "two")


def test_a_router_that_is_away_keeps_the_old_instances_running(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    production, _staging = domain.staged()
    old = production.live_revision

    def be_late(turn: Turn) -> procedure.Progress:
        domain.router.nodes["router-1"].is_late = True
        return switch.announce(turn)

    alter_stage(monkeypatch, Step.SWITCHED, work=be_late)
    monkeypatch.setattr("sites.operations.steps.acknowledge.LATE_SECONDS", 0.0)
    monkeypatch.setattr("sites.jobs.retire.QUIET_SECONDS", 0.0)
    operation = domain.work(slots.restart(acting_user=domain.alice, slot=production))
    assert operation.state == "succeeded"
    assert "router-1 late" in operation.steps.get(step=Step.ROUTES_ACKNOWLEDGED).sentence
    for _ in range(3):
        domain.retire()
    old.refresh_from_db()
    assert (old.state, old.released_at) == (RevisionState.DRAINING, None)
    domain.router.nodes["router-1"].is_late = False
    domain.retire()
    old.refresh_from_db()
    assert old.released_at is not None


def test_a_router_that_nobody_can_ask_after_the_switch_keeps_the_swap_from_nothing(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = start_swap(domain)

    def lose_router(turn: Turn) -> procedure.Progress:
        domain.router.is_unreachable = True
        return switch.announce(turn)

    alter_stage(monkeypatch, Step.SWITCHED, work=lose_router)
    assert domain.look(operation).is_open
    monkeypatch.setattr("sites.operations.steps.acknowledge.LATE_SECONDS", 0.0)
    assert domain.work(operation).state == "succeeded"
    assert "does not answer" in operation.steps.get(step=Step.ROUTES_ACKNOWLEDGED).sentence


def test_an_unreachable_runtime_is_waited_for_and_told_of_once(
    domain: Domain, caplog: pytest.LogCaptureFixture
) -> None:
    operation = start_swap(domain)
    domain.runtime.is_reachable = False
    for _ in range(3):
        domain.look(operation)
    assert operation.is_open
    assert "does not answer" in operation.steps.get(step=operation.step).sentence
    assert sum("does not answer" in line for line in caplog.messages) == 1
    domain.runtime.is_reachable = True
    assert domain.work(operation).state == "succeeded"


def test_a_restart_brings_new_instances_and_drains_the_old(domain: Domain) -> None:
    production, _staging = domain.staged()
    old = production.live_revision
    operation = domain.work(slots.restart(acting_user=domain.alice, slot=production))
    assert operation.state == "succeeded", operation.outcome
    production.refresh_from_db()
    old.refresh_from_db()
    assert production.live_revision != old
    assert old.state == RevisionState.DRAINING
    assert domain.serves("contoso.localhost") == "one"
