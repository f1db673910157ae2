"""Threads are given to clients in turn, and to nobody who has gone."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable

import pytest

from sites.door.incoming import ClientGone
from sites.door.lanes import Lane
from sites.errors import ServerBusy


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


def test_one_client_with_many_requests_lets_others_in_between() -> None:
    lane, order, gate = Lane("t", threads=1, of_one=1, waiting=10), list[str](), threading.Event()

    async def work() -> None:
        first = asyncio.create_task(lane.run("greedy", gate.wait))
        await asyncio.sleep(0.01)
        rest = [asyncio.create_task(lane.run("greedy", lambda: order.append("greedy"))) for _ in range(3)]
        await asyncio.sleep(0)
        rest.append(asyncio.create_task(lane.run("modest", lambda: order.append("modest"))))
        await asyncio.sleep(0.01)
        assert lane.waiting == 4
        gate.set()
        await asyncio.gather(first, *rest)

    run(work)
    assert order == ["greedy", "modest", "greedy", "greedy"]
    lane.close()


def test_one_client_never_has_all_threads() -> None:
    lane, gate = Lane("t", threads=2, of_one=1, waiting=10), threading.Event()

    async def work() -> None:
        held = [asyncio.create_task(lane.run("greedy", gate.wait)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert await lane.run("modest", lambda: "done") == "done"
        gate.set()
        await asyncio.gather(*held)

    run(work)
    lane.close()


def test_who_comes_when_too_many_of_the_same_wait_is_turned_away_and_others_are_not() -> None:
    lane, gate = Lane("t", threads=1, of_one=1, waiting=2), threading.Event()

    async def work() -> None:
        held = [asyncio.create_task(lane.run("greedy", gate.wait)) for _ in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(ServerBusy):
            await lane.run("greedy", lambda: None)
        other = asyncio.create_task(lane.run("modest", lambda: "done"))
        await asyncio.sleep(0.01)
        gate.set()
        assert await other == "done"
        await asyncio.gather(*held)

    run(work)
    lane.close()


def test_nothing_is_done_for_a_client_that_has_gone() -> None:
    lane, gate, done = Lane("t", threads=1, of_one=1, waiting=9), threading.Event(), list[str]()

    async def work() -> None:
        gone = asyncio.Event()

        async def leaves() -> None:
            await gone.wait()

        held = asyncio.create_task(lane.run("a", gate.wait))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(lane.run("b", lambda: done.append("b"), leaves))
        await asyncio.sleep(0.01)
        gone.set()
        with pytest.raises(ClientGone):
            await waiting
        assert lane.waiting == 0
        gate.set()
        await held
        assert await lane.run("c", lambda: "free again") == "free again"

    run(work)
    assert done == []
    lane.close()


def test_an_error_gives_the_thread_back() -> None:
    lane = Lane("t", threads=1, of_one=1, waiting=1)

    async def work() -> None:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await lane.run("a", lambda: 1 / 0)

    run(work)
    lane.close()


def test_threads_of_a_lane_that_stays_together_share_one_processor_and_no_others_do() -> None:
    together = Lane("t", threads=2, of_one=2, waiting=1, stays_together=True)
    apart = Lane("u", threads=1, of_one=1, waiting=1)
    all_of_them, found = os.sched_getaffinity(0), list[set[int]]()

    async def work() -> None:
        meeting = threading.Barrier(2)

        def look() -> set[int]:
            meeting.wait(10)
            return os.sched_getaffinity(0)

        found.extend(await asyncio.gather(together.run("a", look), together.run("a", look)))
        found.append(await apart.run("a", lambda: os.sched_getaffinity(0)))

    run(work)
    assert found == [{max(all_of_them)}, {max(all_of_them)}, all_of_them]
    assert os.sched_getaffinity(0) == all_of_them
    together.close()
    apart.close()
