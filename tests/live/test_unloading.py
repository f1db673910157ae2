"""A slot that nobody visits loses its instances, and a hundred visitors who come at once notice nothing of it."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest

from sites import tasks
from sites.models import Mode, Rest, Revision, Site
from sites.models.clock import now
from tests.live.instances import instances
from tests.live.stage import stage, using
from tests.live.system import System, wait_for

pytestmark = pytest.mark.live

NAME = "seldom"


async def _visit(system: System, count: int) -> list[tuple[int, str]]:
    async def ask(session: aiohttp.ClientSession, number: int) -> tuple[int, str]:
        url = f"http://127.0.0.1:{system.port}/"
        body = b"x" * 20_000 * (number % 2)
        async with session.request("POST" if body else "GET", url, headers={"Host": system.host(NAME)}, data=body) as a:
            return a.status, a.headers.get("X-Version", "")

    limits = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=limits) as session:
        return await asyncio.gather(*(ask(session, number) for number in range(count)))


def test_a_hundred_visitors_of_an_unloaded_slot_wait_and_are_answered(system: System) -> None:
    with using(system):
        stage(system, NAME, instances=1, is_marked=False, has_staging=False)
        Site.objects.filter(name=NAME).update(mode=Mode.FREE)
        served = Revision.objects.filter(live_slots__site__name=NAME)
        revision = served.get()

        def is_unloaded() -> bool:
            return served.get().rest == Rest.UNLOADED and not [
                place for place in instances(system) if place[0] == revision.pk
            ]

        served.update(used_at=now() - timedelta(days=1), retained_until=None)
        tasks.unload_idle.delay()
        wait_for(is_unloaded, 60, "its instances have ended")
        with system.signed_in() as portal:
            assert "is unloaded" in portal.get(f"/sites/{NAME}/production/dashboard/").text
            assert "Unloaded" in portal.get("/sites/").text
        generation = served.get().generation
        answers = asyncio.run(_visit(system, 100))
        assert answers == [(200, "1")] * 100
        after = served.get()
        assert (after.rest, after.generation) == (Rest.LOADED, generation + 1)
        assert [place for place in instances(system) if place[0] == revision.pk] == [(revision.pk, 0)]
