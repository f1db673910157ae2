"""Many pages listen: one look serves them all, none misses anything, and none holds a thread."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import pytest

from portal.news import streams as module
from portal.news.change import News
from portal.news.streams import Streams

ALICE, BOB = 1, 2


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.001)
    monkeypatch.setattr(module, "RESTING_SECONDS", 0.0)


def run(work: object) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


class Source:
    """What each look finds; nothing before somebody says so."""

    def __init__(self) -> None:
        self.next: list[Mapping[int, News]] = []
        self.looks = 0

    def __call__(self) -> Mapping[int, News]:
        self.looks += 1
        return self.next.pop(0) if self.next else {}


async def said(stream: AsyncGenerator[bytes]) -> tuple[float, dict[str, object]]:
    """The next event that says something: its id and its data."""
    async for piece in stream:
        lines = dict(line.split(": ", 1) for line in piece.decode().strip().splitlines())
        if data := json.loads(lines["data"]):
            return float(lines["id"]), data
    return 0.0, {}


def news(*sites: str) -> News:
    return News(sites=set(sites), is_state=True)


def test_each_person_hears_own_news_by_one_look() -> None:
    async def work() -> None:
        source = Source()
        streams = Streams(source)
        async with aclosing(streams.follow(ALICE, 0)) as first, aclosing(streams.follow(ALICE, 0)) as second:
            async with aclosing(streams.follow(BOB, 0)) as third:
                for stream in (first, second, third):
                    assert (await said(stream))[1] == {"all": True}, "nobody knows what a page has missed"
                source.next = [{ALICE: news("contoso")}, {BOB: news("fabrikam")}]
                wanted = {"sites": ["contoso"], "state": True, "list": False, "mine": False}
                assert (await said(first))[1] == (await said(second))[1] == wanted
                assert (await said(third))[1]["sites"] == ["fabrikam"]
                assert len(streams) == 3
        assert len(streams) == 0

    run(work())


def test_what_happened_on_the_way_is_told_on_return() -> None:
    async def work() -> None:
        source = Source()
        streams = Streams(source)
        async with aclosing(streams.follow(BOB, 0)) as other:
            await said(other)
            async with aclosing(streams.follow(ALICE, 0)) as first:
                seen, _ = await said(first)
            source.next = [{ALICE: news("contoso"), BOB: news("contoso")}, {ALICE: news("fabrikam")}]
            await said(other)
            while source.next:
                await asyncio.sleep(0.001)
            async with aclosing(streams.follow(ALICE, seen)) as again:
                known, told = await said(again)
                assert "contoso" in told["sites"]
            assert known > seen
            async with aclosing(streams.follow(ALICE, time.time() - 3600)) as late:
                assert (await said(late))[1] == {"all": True}

    run(work())


def test_looks_end_after_the_last_reader_and_begin_again() -> None:
    async def work() -> None:
        source = Source()
        streams = Streams(source)
        for _ in range(2):
            async with aclosing(streams.follow(ALICE, 0)) as stream:
                assert (await said(stream))[1] == {"all": True}
            while not streams.is_resting:
                await asyncio.sleep(0.001)
        looks = source.looks
        await asyncio.sleep(0.01)
        assert source.looks == looks

    run(work())


def test_a_look_that_fails_is_followed_by_the_next(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Source):
        def __call__(self) -> Mapping[int, News]:
            if super().__call__() or self.looks == 1:
                raise RuntimeError("boom")
            return {}

    async def work() -> None:
        async with aclosing(Streams(Broken()).follow(ALICE, 0)) as stream:
            assert (await said(stream))[1] == {"all": True}

    run(work())
    assert "boom" in caplog.text


def test_a_stream_has_an_end_and_a_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PULSE_SECONDS", 0.001)
    monkeypatch.setattr(module, "LIFE_SECONDS", 0.05)
    monkeypatch.setattr(module, "SPREAD_SECONDS", 1)

    async def work() -> None:
        pieces = [piece async for piece in Streams(Source()).follow(ALICE, 0)]
        assert len(pieces) > 1 and pieces[-1].endswith(b"data: {}\n\n")

    run(work())


def test_streams_of_one_person_are_bounded_and_end_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OF_ONE", 1)

    async def work() -> None:
        streams = Streams(Source())
        async with aclosing(streams.follow(ALICE, 0)) as stream:
            await said(stream)
            assert not streams.has_room(ALICE) and streams.has_room(BOB)
            assert [piece async for piece in streams.follow(ALICE, 0)] == []
            streams.stop()
            assert await said(stream) == (0.0, {})
        assert [piece async for piece in streams.follow(BOB, 0)] == []

    run(work())
