"""The guard's rules are never older than the routes that ask by them."""

import asyncio
import threading

from sites.router.guard.keeper import OLDEST_SECONDS, Keeper
from sites.router.guard.rule import Rule


class Source:
    """Rules that a test changes; counts how often they are read."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = list(rules)
        self.is_away = False
        self.readings = 0

    def read(self) -> list[Rule]:
        self.readings += 1
        if self.is_away:
            raise OSError("away")
        return list(self.rules)


def test_a_newer_route_has_the_rule_read_at_once() -> None:
    async def work() -> None:
        source = Source(Rule(7, 1))
        keeper = Keeper(source.read)
        assert await keeper.rule(7, 1) == Rule(7, 1)
        assert await keeper.rule(7, 1) == Rule(7, 1)
        assert source.readings == 1
        source.rules = [Rule(7, 2)]
        assert await keeper.rule(7, 2) == Rule(7, 2)
        assert await keeper.rule(7, 1) == Rule(7, 2), "a route that is older than the rule"

    asyncio.run(work())


def test_a_version_that_nobody_has_lets_nobody_in_and_is_not_looked_for_again_and_again() -> None:
    async def work() -> None:
        source = Source(Rule(7, 1))
        keeper = Keeper(source.read)
        assert [await keeper.rule(7, 9) for _ in range(50)] == [None] * 50
        assert source.readings == 1

    asyncio.run(work())


def test_while_the_source_is_away_known_rules_hold_and_unknown_ones_let_nobody_in() -> None:
    async def work() -> None:
        source = Source(Rule(7, 1))
        keeper = Keeper(source.read)
        await keeper.load()
        source.is_away = True
        await keeper.load()
        assert await keeper.rule(7, 1) == Rule(7, 1)
        assert await keeper.rule(7, 2) is None
        assert await keeper.rule(8, 1) is None
        assert keeper.is_source_away and keeper.are_fresh
        keeper._read_at -= OLDEST_SECONDS
        assert not keeper.are_fresh

    asyncio.run(work())


def test_a_slot_whose_rule_is_gone_is_open_while_its_routes_follow() -> None:
    async def work() -> None:
        assert await Keeper(Source().read).rule(7, 1) == Rule(7, 1)

    asyncio.run(work())


def test_who_asks_while_rules_are_read_waits_for_a_reading_that_begins_afterwards() -> None:
    async def work() -> None:
        source, may_end = Source(Rule(7, 1)), threading.Event()

        def slow() -> list[Rule]:
            found = source.read()
            may_end.wait(30)
            return found

        keeper = Keeper(slow)
        first = asyncio.create_task(keeper.load())
        while not source.readings:
            await asyncio.sleep(0)
        source.rules = [Rule(7, 2)]
        asked = [asyncio.create_task(keeper.rule(7, 2)) for _ in range(5)]
        await asyncio.sleep(0)
        may_end.set()
        await first
        assert await asyncio.gather(*asked) == [Rule(7, 2)] * 5
        assert source.readings == 2

    asyncio.run(work())
