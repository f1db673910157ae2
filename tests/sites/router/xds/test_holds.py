"""Who waits for a slot without instances, and who does not."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sites.router.table import HostRoute, RouteTable
from sites.router.xds import holds
from sites.router.xds.holds import MOST, MOST_OF_SLOT, Holds
from sites.router.xds.nodes import Nodes
from tests.sites.router.tables import table
from tests.sites.router.xds.envoy import make_cache

SITE, SLOT = 1, 7
CROWDED, QUIET = (1, 2, 3), 4
Scene = Callable[[Holds, Nodes], Awaitable[None]]


def _table(version: int, *, is_held: bool) -> RouteTable:
    host = HostRoute("contoso.localhost", "production", "r1", slot_id=SLOT, is_held=is_held)
    return RouteTable(SITE, "contoso", version, (host,), ())


class Woken:
    """Notes which slots were asked for."""

    def __init__(self) -> None:
        self.slots: list[int] = []
        self.is_away = False

    async def __call__(self, slot_id: int) -> None:
        self.slots.append(slot_id)
        if self.is_away:
            raise OSError("the database is away")


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture(autouse=True)
def _no_router(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is connected here, so none is waited for."""
    monkeypatch.setattr(holds, "ACKNOWLEDGED_SECONDS", 0.01)


def _play(scene: Scene, woken: Woken, seconds: float = 60.0) -> None:
    async def play() -> None:
        nodes = Nodes(make_cache())
        nodes.cache.put(_table(1, is_held=True))
        held = Holds(nodes, woken, seconds)
        await scene(held, nodes)
        held.close()

    asyncio.run(play())


def test_all_who_wait_go_on_together_and_the_slot_is_woken_once(woken: Woken) -> None:
    async def scene(held: Holds, nodes: Nodes) -> None:
        waiting = [asyncio.create_task(held.wait(SITE, SLOT)) for _ in range(5)]
        while not woken.slots:
            await asyncio.sleep(0)
        waiting[0].cancel()  # a visitor who goes away
        nodes.cache.put(_table(2, is_held=False))
        assert await asyncio.gather(*waiting[1:]) == [True] * 4
        assert not held.waiting
        assert await held.wait(SITE, SLOT)

    _play(scene, woken)
    assert woken.slots == [SLOT]


def test_one_more_than_a_slot_may_have_does_not_wait(woken: Woken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "MOST_OF_SLOT", 3)

    async def scene(held: Holds, nodes: Nodes) -> None:
        waiting = [asyncio.create_task(held.wait(SITE, SLOT)) for _ in range(3)]
        await asyncio.sleep(0)
        assert not await held.wait(SITE, SLOT)
        nodes.cache.put(_table(2, is_held=False))
        assert all(await asyncio.gather(*waiting))

    _play(scene, woken)


def test_nobody_waits_for_ever_and_a_database_that_is_away_is_asked_again(
    woken: Woken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(holds, "LOOK_SECONDS", 0.001)
    woken.is_away = True

    async def scene(held: Holds, _: Nodes) -> None:
        assert not await held.wait(SITE, SLOT)

    _play(scene, woken, seconds=0.1)
    assert len(woken.slots) > 1


def test_a_site_that_is_gone_is_not_waited_for(woken: Woken) -> None:
    async def scene(held: Holds, nodes: Nodes) -> None:
        nodes.cache.remove(SITE)
        assert await held.wait(SITE, SLOT)

    _play(scene, woken)
    assert woken.slots == []


def asleep() -> Nodes:
    """A site whose slots have no instances."""
    cache = make_cache()
    slots = (*CROWDED, QUIET)
    hosts = tuple(HostRoute(f"a{slot}.localhost", "a", "r-1", slot_id=slot, is_held=True) for slot in slots)
    cache.put(table(1, site_id=SITE, hosts=hosts))
    return Nodes(cache)


def test_a_crowd_at_slots_that_do_not_come_up_keeps_no_other_one_asleep() -> None:
    woken: set[int] = set()

    async def wake(slot_id: int) -> None:
        woken.add(slot_id)

    async def visit() -> None:
        holds = Holds(asleep(), wake)
        crowd = [asyncio.create_task(holds.wait(SITE, slot)) for slot in CROWDED for _ in range(MOST_OF_SLOT)]
        async with asyncio.timeout(60):
            while holds.waiting.total() < MOST:
                await asyncio.sleep(0.01)
            assert await holds.wait(SITE, QUIET) is False, "it gets the page of a web site that starts"
            while QUIET not in woken:
                await asyncio.sleep(0.01)
        holds.close()
        await asyncio.gather(*crowd, return_exceptions=True)

    asyncio.run(visit())
    assert woken == {*CROWDED, QUIET}
