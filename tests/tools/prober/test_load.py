"""A load runs its clients in a thread of its own."""

import asyncio
from collections.abc import Callable

import pytest

from tools.prober.load import Load
from tools.prober.records import Record
from tools.prober.session import SignInFailed


def test_a_load_whose_client_cannot_prepare_says_so():
    class Unready:
        name = "unready"

        async def prepare(self) -> None:
            raise SignInFailed("no form")

        async def run(self, write: Callable[[Record], None], stopping: asyncio.Event) -> None:
            raise AssertionError("must not run")

    with pytest.raises(SignInFailed, match="no form"), Load([Unready()]):
        pass


def test_a_load_runs_beside_its_thread_and_ends_with_it():
    class Counting:
        name = "counting"

        async def prepare(self) -> None:
            pass

        async def run(self, write: Callable[[Record], None], stopping: asyncio.Event) -> None:
            while not stopping.is_set():
                write(Record("counting", "k", "c", "h", 0.0, 0.0))
                await asyncio.sleep(0.001)

    with Load([Counting()]) as load:
        while load.count < 3:
            pass
    ended_with = load.count
    assert ended_with >= 3
    assert len(load.records) == ended_with
