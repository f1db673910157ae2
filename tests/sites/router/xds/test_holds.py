"""Who waits for a slot without instances, and what others notice of it."""

import asyncio

from sites.router.table import HostRoute
from sites.router.xds.holds import MOST, MOST_OF_SLOT, Holds
from sites.router.xds.nodes import Nodes
from tests.sites.router.tables import table
from tests.sites.router.xds.envoy import make_cache

SITE = 1
CROWDED, QUIET = (1, 2, 3), 4


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
