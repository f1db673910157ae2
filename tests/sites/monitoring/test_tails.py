"""Many follow the logs of slots: one look serves them all, and who does not read is dropped."""

import asyncio
from collections.abc import Collection, Iterator

import pytest

from sites.errors import TooManyTails
from sites.monitoring import tails as module
from sites.monitoring.output import Line
from sites.monitoring.tails import MAX_OF_SLOT, Look, Tails
from tests.domain import Domain
from tests.sites.monitoring.conftest import Write


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)


def lines(*texts: str) -> list[Line]:
    return [Line("", 1, 0, "", text) for text in texts]


def run(work: object) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


class Source:
    """What slots write, look by look."""

    def __init__(self, *looks: dict[int, list[Line]]) -> None:
        self.asked: list[set[int]] = []
        self._looks: Iterator[dict[int, list[Line]]] = iter(looks)

    def __call__(self, slot_ids: Collection[int]) -> dict[int, list[Line]]:
        self.asked.append(set(slot_ids))
        return next(self._looks, {})


async def first(tails: Tails, slot_id: int, seconds: float = 5.0) -> list[Line]:
    async for found in tails.follow(slot_id, seconds):
        return found
    return lines("ended")


def test_everybody_who_follows_a_slot_gets_its_lines_by_one_look() -> None:
    async def work() -> None:
        source = Source({}, {1: lines("one"), 2: lines("two")})
        tails = Tails(source)
        found = await asyncio.gather(*(first(tails, slot) for slot in (1, 1, 2)))
        assert found == [lines("one"), lines("one"), lines("two")]
        assert source.asked[0] == {1, 2}

    run(work())


def test_looks_end_with_the_last_reader() -> None:
    async def work() -> None:
        source = Source({1: lines("one")})
        tails = Tails(source)
        reader = tails.follow(1, 5)
        assert await anext(reader) == lines("one")
        await reader.aclose()
        assert len(tails) == 0
        await asyncio.sleep(0.01)
        seen = len(source.asked)
        await asyncio.sleep(0.02)
        assert len(source.asked) == seen

    run(work())


def test_silence_is_an_empty_list_and_a_failed_look_only_silence() -> None:
    def broken(slot_ids: Collection[int]) -> dict[int, list[Line]]:
        raise OSError("no such thing")

    async def work() -> None:
        assert await first(Tails(broken), 1, 0.05) == []

    run(work())


def test_a_reader_that_never_reads_is_dropped_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 50)

    async def work() -> None:
        tails = Tails(Source(*[{1: lines(*"0123456789")}] * 20))
        lazy = tails.follow(1, 5)
        assert len(await anext(lazy)) == 10
        read = 0
        async for found in tails.follow(1, 0.1):
            read += len(found)
            if not found:
                break
        assert read >= 150
        with pytest.raises(StopAsyncIteration):
            await anext(lazy)

    run(work())


def test_one_slot_has_a_bounded_number_of_readers() -> None:
    async def work() -> None:
        tails = Tails(Source(*[{1: lines("one")}] * 100))
        readers = [tails.follow(1, 5) for _ in range(MAX_OF_SLOT)]
        for reader in readers:
            await anext(reader)
        with pytest.raises(TooManyTails):
            await anext(tails.follow(1, 5))
        await readers[0].aclose()
        assert await first(tails, 1)
        tails.stop()
        for reader in readers[1:]:
            with pytest.raises(StopAsyncIteration):
                while True:
                    await anext(reader)

    run(work())


def test_a_slot_is_followed_from_now_on_and_its_next_revision_from_its_first_line(domain: Domain, write: Write) -> None:
    production, _ = domain.staged()
    write(production.live_revision_id, "old")
    look = Look()
    assert look([production.pk]) == {production.pk: []}
    write(production.live_revision_id, "new")
    assert [line.text for line in look([production.pk])[production.pk]] == ["new"]
    domain.publish(production, "three")
    production.refresh_from_db()
    write(production.live_revision_id, "starting", seconds=1)
    assert [line.text for line in look([production.pk])[production.pk]] == ["starting"]
