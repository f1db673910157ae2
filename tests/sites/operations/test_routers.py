"""Operations wait for every router that has connected, say which is missing, and for none that is retired."""

from datetime import timedelta

import pytest

from sites.models import Operation, RevisionState, RouterNode, Step
from sites.models.clock import now
from sites.operations.steps import offer
from sites.services import routers, swaps
from tests.domain import Domain
from tests.fakes.router import MemoryNode

COMMAND = "./greenroom router retire router-0"


def gone_router() -> None:
    """What a router leaves behind that was renamed, or whose machine was taken away."""
    RouterNode.objects.create(node_id="router-0", last_seen_at=now() - timedelta(hours=1))


def ask_for_swap(domain: Domain) -> Operation:
    production, staging = domain.staged()
    gone_router()
    return swaps.request_swap(acting_user=domain.alice, source=staging, target=production)


def test_an_operation_names_the_router_that_is_missing_and_the_command(domain: Domain) -> None:
    operation = domain.look(ask_for_swap(domain))
    sentence = operation.steps.get(step=Step.ROUTES_OFFERED).sentence
    assert sentence == f"waiting for router-0. If it is gone for good: {COMMAND}"


def test_it_goes_on_as_soon_as_the_router_is_retired(domain: Domain) -> None:
    operation = ask_for_swap(domain)
    assert domain.look(operation).is_open
    assert routers.retire("router-0", is_connected=False)
    assert domain.work(operation).state == "succeeded"
    assert domain.serves("contoso.localhost") == "two"


def test_a_swap_at_its_switch_goes_on_and_the_old_side_is_let_go_of(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = domain.staged()
    domain.router.nodes["router-2"] = MemoryNode()
    RouterNode.objects.create(node_id="router-2", last_seen_at=now())
    old = production.live_revision
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    publish = domain.router.publish

    def lose_router_2(site_id: int, version: int, **values: float) -> object:
        operation.refresh_from_db()
        domain.router.nodes["router-2"].is_connected = operation.step not in Operation.AFTER_SWITCH
        return publish(site_id, version, **values)

    monkeypatch.setattr(domain.router, "publish", lose_router_2)
    domain.look(operation)
    assert (operation.step, operation.is_open) == (Step.ROUTES_ACKNOWLEDGED, True)
    assert "router retire router-2" in operation.steps.get(step=Step.ROUTES_ACKNOWLEDGED).sentence
    old.refresh_from_db()
    assert old.released_at is None, "router-2 may still lead visitors to it"
    routers.retire("router-2", is_connected=False)
    assert domain.work(operation).state == "succeeded"
    old.refresh_from_db()
    assert old.state == RevisionState.SERVING  # of the other slot now


def test_one_that_fails_for_want_of_a_router_says_so(domain: Domain) -> None:
    operation = domain.look(ask_for_swap(domain))
    long_ago = now() - timedelta(seconds=offer.LIMIT_SECONDS + 1)
    Operation.objects.filter(pk=operation.pk).update(step_at=long_ago)
    domain.work(operation)
    assert operation.error_code == "RoutersLate"
    assert "router-0 did not acknowledge the routes within 60 s" in operation.outcome
    assert f"If it is gone for good: {COMMAND}. Then try again." in operation.outcome
    assert domain.serves("contoso.localhost") == "one"


def test_a_deletion_is_not_held_up_by_a_retired_router(domain: Domain) -> None:
    production, staging = domain.staged()
    gone_router()
    routers.retire("router-0", is_connected=False)
    assert domain.swap(staging, production).state == "succeeded"


def test_nobody_waits_for_a_router_that_was_added_and_has_not_connected(domain: Domain) -> None:
    production, staging = domain.staged()
    RouterNode.objects.create(node_id="router-0")
    assert domain.swap(staging, production).state == "succeeded"


def test_nobody_waits_for_one_that_was_made_active_until_it_connects(domain: Domain) -> None:
    production, staging = domain.staged()
    gone_router()
    routers.retire("router-0", is_connected=False)
    assert routers.activate("router-0")
    assert domain.swap(staging, production).state == "succeeded"


def test_without_any_router_it_waits_for_a_first_one(domain: Domain) -> None:
    operation = ask_for_swap(domain)
    RouterNode.objects.all().delete()
    sentence = domain.look(operation).steps.get(step=Step.ROUTES_OFFERED).sentence
    assert sentence == "waiting for a first router, since none has registered yet"
