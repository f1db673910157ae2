"""Requests for a slot without instances, at a real Envoy: held until these run, and no burden for others."""

import asyncio

import aiohttp
import httpx
import pytest

from sites.router.table import Cluster, HostRoute, Page
from sites.router.xds.holds import MOST_OF_SLOT
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually

pytestmark = pytest.mark.live

SLOT = 7


def _hosts(*, is_held: bool, cluster: str = "r-1") -> list[HostRoute]:
    production = HostRoute(PRODUCTION, "production", cluster, slot_id=SLOT, is_held=is_held)
    return [production, HostRoute(STAGING, "staging", "r-2", slot_id=8, is_indexed=False)]


@pytest.fixture
def unloaded(rig: Rig, clusters: list[Cluster]) -> list[Cluster]:
    """Production has no instances; the clusters that it has once they run."""
    rig.commit(_hosts(is_held=True), [Cluster("r-1", ()), clusters[1]])
    rig.start_xds()
    rig.start_envoy()
    return clusters


def _woken(rig: Rig) -> list[str]:
    said = rig.tables.path.with_suffix(".woken")
    return said.read_text().split() if said.exists() else []


async def _ask(session: aiohttp.ClientSession, rig: Rig, body: bytes) -> tuple[int, str, bytes]:
    url = f"http://127.0.0.1:{rig.port}/"
    async with session.request("POST" if body else "GET", url, headers={"Host": PRODUCTION}, data=body) as answer:
        return answer.status, answer.headers.get("Retry-After", ""), await answer.read()


async def _ask_all(rig: Rig, count: int, then: asyncio.Event, *, turned_away: int = 0) -> list[tuple[int, str, bytes]]:
    """So many at once, every second one with a body; `then` is set once the slot was asked for, and some answered."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        asking = [asyncio.create_task(_ask(session, rig, b"x" * 40_000 * (one % 2))) for one in range(count)]
        await asyncio.to_thread(eventually, lambda: bool(_woken(rig)))
        async with asyncio.timeout(60):
            while sum(one.done() for one in asking) < turned_away:
                await asyncio.sleep(0.05)
        then.set()
        return await asyncio.gather(*asking)


def test_a_hundred_requests_at_once_are_held_and_start_the_slot_once(unloaded: list[Cluster], rig: Rig) -> None:
    async def visit() -> list[tuple[int, str, bytes]]:
        asked = asyncio.Event()
        visitors = asyncio.create_task(_ask_all(rig, 100, asked))
        await asked.wait()
        other = await asyncio.to_thread(rig.ask, STAGING)
        assert other.json()["label"] == "B"
        assert not visitors.done()
        await asyncio.to_thread(rig.publish, _hosts(is_held=False), unloaded)
        return await visitors

    answers = asyncio.run(visit())
    assert {status for status, *_ in answers} == {200}
    assert all(b'"label": "A"' in body for *_, body in answers)
    assert sum(b'"body": 40000' in body for *_, body in answers) == 50
    assert _woken(rig) == [str(SLOT)]
    # Not asked about any more
    assert rig.ask(PRODUCTION).json()["label"] == "A"


def test_a_flood_at_one_slot_gets_a_page_and_stops_nothing_else(unloaded: list[Cluster], rig: Rig) -> None:
    async def visit() -> list[tuple[int, str, bytes]]:
        asked = asyncio.Event()
        visitors = asyncio.create_task(_ask_all(rig, 3 * MOST_OF_SLOT, asked, turned_away=2 * MOST_OF_SLOT))
        await asked.wait()
        for _ in range(20):
            assert (await asyncio.to_thread(rig.ask, STAGING)).status_code == 200
        # A swap has led the address elsewhere meanwhile
        await asyncio.to_thread(rig.publish, _hosts(is_held=False, cluster="r-2"), unloaded)
        return await visitors

    answers = asyncio.run(visit())
    turned_away = [answer for answer in answers if answer[0] == 503]
    assert len(answers) - len(turned_away) <= MOST_OF_SLOT
    assert {retry for _, retry, _ in turned_away} == {"2"}
    assert all(b"This web site is starting" in body for *_, body in turned_away)
    served = [body for status, _, body in answers if status == 200]
    assert served and all(b'"label": "B"' in body for body in served)
    assert len(served) + len(turned_away) == len(answers)


def test_who_waits_goes_on_waiting_while_the_control_plane_is_restarted(unloaded: list[Cluster], rig: Rig) -> None:
    async def visit() -> list[tuple[int, str, bytes]]:
        asked = asyncio.Event()
        visitors = asyncio.create_task(_ask_all(rig, 20, asked))
        await asked.wait()
        rig.kill("xds")
        rig.commit(_hosts(is_held=False), unloaded)
        await asyncio.to_thread(rig.start_xds)
        return await visitors

    assert {status for status, *_ in asyncio.run(visit())} == {200}


def test_without_the_control_plane_visitors_are_told_to_come_again(unloaded: list[Cluster], rig: Rig) -> None:
    rig.publish([*_hosts(is_held=True), HostRoute("stopped.localhost", "a", None, Page.STOPPED)], unloaded)
    assert rig.ask(STAGING).status_code == 200
    rig.kill("xds")
    with httpx.Client(trust_env=False, timeout=60) as client:
        answer = client.get(f"http://127.0.0.1:{rig.port}/", headers={"Host": PRODUCTION})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "This web site is starting" in answer.text
    assert rig.ask(STAGING).status_code == 200
