"""Many wait for publications, and one look at a time is for all of them."""

import asyncio
from collections.abc import Iterable

import pytest
from django.db import DatabaseError

from sites.models import Operation
from sites.publishing import waiting
from sites.publishing.waiting import Waiting, still_open
from sites.services import deployments
from tests.domain import Domain


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)


def test_one_look_is_for_all_and_ends_with_the_last() -> None:
    looks: list[set[int]] = []

    def look(ids: Iterable[int]) -> set[int]:
        looks.append(set(ids))
        return {one for one in ids if one > len(looks) * 10}

    async def wait() -> None:
        some = Waiting(look)
        await asyncio.gather(*(some.until_ended(number, 60) for number in range(30)))
        assert len(some) == 0
        seen = len(looks)
        await asyncio.sleep(0.05)
        assert len(looks) == seen

    asyncio.run(asyncio.wait_for(wait(), 60))
    assert looks[0] == set(range(30))
    assert looks[1] == set(range(11, 30))
    assert len(looks) <= 5


def test_patience_ends() -> None:
    async def wait() -> None:
        some = Waiting(set)
        await some.until_ended(1, 0.05)
        assert len(some) == 0

    asyncio.run(asyncio.wait_for(wait(), 60))


def test_a_server_that_ends_lets_everybody_go() -> None:
    async def wait() -> None:
        some = Waiting(set)
        waiters = [asyncio.create_task(some.until_ended(number, 600)) for number in range(3)]
        await asyncio.sleep(0.02)
        some.stop()
        await asyncio.gather(*waiters)

    asyncio.run(asyncio.wait_for(wait(), 60))


def test_a_database_that_is_away_for_a_moment_ends_no_wait() -> None:
    looks: list[int] = []

    def look(ids: Iterable[int]) -> set[int]:
        looks.append(1)
        if len(looks) < 3:
            raise DatabaseError("away")
        return set()

    async def wait() -> None:
        await Waiting(look).until_ended(1, 60)

    asyncio.run(asyncio.wait_for(wait(), 60))
    assert len(looks) == 3


def test_operations_that_have_ended_are_told_from_those_that_go_on(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "close_old_connections", lambda: None)  # this is the test's, in its transaction
    slot = domain.create().slots.get(is_production=True)
    done = Operation.objects.latest("pk")
    going_on = deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=slot,
        archive=domain.archive("one"),
        message="one",
        deployer="Portal",
    )
    assert still_open([done.pk, going_on.pk, 10**6]) == {going_on.pk}
