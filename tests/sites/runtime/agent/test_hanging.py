"""When an instance hangs: what waits for it, from look to look."""

import asyncio
import math
import socket
from dataclasses import dataclass, field

from sites.runtime.agent.backlog import Waiting
from sites.runtime.agent.hanging import LONGEST_START_SECONDS, Lookout, Queue
from sites.runtime.agent.identity import Identity
from sites.runtime.agent.network import Place

LIMIT = 60.0
SPAN = 10.0


def seen(*looks: str, every: float = 5.0, quiet: float = math.inf) -> Queue:
    """A queue after looks, one letter for each connection that waited."""
    queue = Queue()
    for number, look in enumerate(looks):
        queue.see(Waiting(frozenset(letter.encode() for letter in look), quiet), number * every, SPAN)
    return queue


def test_one_whose_oldest_connection_stays_hangs_at_the_limit() -> None:
    assert not seen("", *["a"] * 12).hangs(LIMIT, 1000)
    assert seen("", *["a"] * 13).hangs(LIMIT, 1000)
    assert seen("", "a", *["ab", "abc"] * 6).hangs(LIMIT, 1000), "whatever comes later"


def test_one_that_has_much_to_do_and_accepts_in_order_does_not_hang() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert not seen("", *(letters[at : at + 4] for at in range(22))).hangs(LIMIT, 1000)
    slowly = [letters[at // 8 : at // 8 + 3] for at in range(100)]
    assert not seen("", *slowly).hangs(LIMIT, 1000), "each waits for two minutes, and every 40 s one is accepted"


def test_a_part_of_it_that_accepts_does_not_hide_one_that_hangs() -> None:
    others = ["bc", "de", "fg", "hi"] * 4
    assert seen("", *(f"a{two}" for two in others)).hangs(LIMIT, 1000)


def test_one_that_sends_something_to_others_does_not_hang() -> None:
    assert not seen("", *["a"] * 40, quiet=59.0).hangs(LIMIT, 1000)
    assert seen("", *["a"] * 40, quiet=61.0).hangs(LIMIT, 1000)


def test_one_that_listens_and_starts_is_left_alone_until_it_cannot_be_its_start_any_more() -> None:
    starting = seen(*["a"] * 40)
    assert not starting.hangs(LIMIT, 200)
    assert starting.hangs(LIMIT, LONGEST_START_SECONDS + 1)


def test_a_machine_that_stood_still_counts_against_nobody() -> None:
    assert seen("", "a", "a", every=1000.0).seconds == SPAN


@dataclass
class Listening:
    """An instance in the network of the test."""

    serving: tuple[Identity, Place] | None
    ran_seconds: float = 1000.0
    replaced: list[float] = field(default_factory=list)

    def replace_hanging(self, seconds: float) -> None:
        """See Server.replace_hanging."""
        self.replaced.append(seconds)


def test_the_lookout_replaces_one_that_hangs_and_no_other() -> None:
    async def look() -> None:
        for _ in range(12):
            await lookout.look(instances, 0.06)
            await asyncio.sleep(0.01)

    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as idle:
        places = [Place("127.0.0.1", one.getsockname()[1], "127.0.0.1") for one in (server, idle)]
        hung, well = (Listening((Identity(number, 1, "boot"), place)) for number, place in enumerate(places))
        away = Listening(None)
        instances, lookout = [hung, well, away], Lookout()
        asyncio.run(lookout.look(instances, 0.06))
        with socket.create_connection(server.getsockname()):
            asyncio.run(look())
    assert hung.replaced
    assert (well.replaced, away.replaced) == ([], [])
