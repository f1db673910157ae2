"""Requests that wait for an operation hold no thread, are answered when it is settled, and are bounded."""

import asyncio

import pytest
from django.http import HttpResponse

from sites.api import asking
from sites.api.waiters import Waiters, being_worked_on
from sites.door.answer import Held
from sites.errors import TooManyWaiting
from sites.models import Operation, OperationState, Slot
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of


def held(waiters: Waiters, domain: Domain, *, person: str = "alice", wait: float = 30.0) -> Held:
    answer = waiters.hold(
        HttpResponse(), HttpResponse, user=getattr(domain, person), operation=Operation(pk=1), wait=wait
    )
    return answer.door


def test_an_open_operation_is_waited_for_by_the_door(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    operation = operation_of(program.post("/sites/contoso/swap"))
    answer = program.get(f"/operations/{operation.public_id}?wait=30")
    assert answer.json()["is_open"] and answer["Retry-After"] == "1"
    domain.work(operation)
    better = answer.door.answer()
    assert better.status_code == 200 and b'"succeeded"' in better.content
    ended = program.get(f"/operations/{operation.public_id}?wait=30")
    assert not hasattr(ended, "door") and "Retry-After" not in ended


@pytest.mark.parametrize("wait", ["-1", "121", "nan", "inf", "x", "1e999", "9" * 5000])
def test_a_wait_is_a_number_of_seconds_within_bounds(
    domain: Domain, program: Program, slots: tuple[Slot, Slot], wait: str
) -> None:
    operation = Operation.objects.first()
    assert program.get(f"/operations/{operation.public_id}?wait={wait}").status_code == 400


def test_one_person_waits_in_a_bounded_number_of_requests(domain: Domain) -> None:
    waiters = Waiters(most=3, max_of_one=2)

    async def story() -> None:
        tasks = [asyncio.create_task(held(waiters, domain).wait()) for _ in range(2)]
        await asyncio.sleep(0)
        assert len(waiters) == 2
        with pytest.raises(TooManyWaiting):
            held(waiters, domain)
        other = asyncio.create_task(held(waiters, domain, person="bob").wait())
        await asyncio.sleep(0)
        with pytest.raises(TooManyWaiting):
            held(waiters, domain, person="charlie")
        for task in (*tasks, other):
            task.cancel()
        await asyncio.gather(*tasks, other, return_exceptions=True)
        assert len(waiters) == 0

    asyncio.run(story())


def test_what_asks_at_the_same_moment_does_not_exceed_the_bound(domain: Domain) -> None:
    waiters = Waiters(most=2, max_of_one=2)
    all_at_once = [held(waiters, domain) for _ in range(5)]

    async def story() -> None:
        tasks = [asyncio.create_task(one.wait()) for one in all_at_once]
        await asyncio.sleep(0)
        assert len(waiters) == 2
        waiters.stop()
        await asyncio.gather(*tasks)

    asyncio.run(story())


def test_a_refusal_for_too_many_says_when_to_come_again(
    domain: Domain, program: Program, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "waiters", Waiters(most=0))
    operation = operation_of(program.post("/sites/contoso/swap"))
    refused = program.get(f"/operations/{operation.public_id}?wait=1")
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (429, "TooManyWaiting", "5")
    assert program.get(f"/operations/{operation.public_id}").status_code == 200


def test_a_preview_that_waits_for_a_person_is_waited_for_no_longer(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    operation = Operation.objects.first()
    for state, is_worked_on in ((OperationState.RUNNING, True), (OperationState.WAITING, False)):
        Operation.objects.filter(pk=operation.pk).update(state=state)
        assert being_worked_on([operation.pk]) == ({operation.pk} if is_worked_on else set())
