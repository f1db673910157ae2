"""How slowly a body may come."""

import asyncio

import pytest

from sites.door.incoming import MIN_RATE, WINDOW_SECONDS, ClientGone, Incoming, Senders
from sites.errors import BodyTooSlow


class Sender:
    """A client that sends `piece` whenever it is asked, on a clock of its own."""

    def __init__(self, piece: bytes, seconds: float) -> None:
        self.now = 0.0
        self._piece, self._seconds = piece, seconds

    async def __call__(self) -> dict[str, object]:
        self.now += self._seconds
        return {"type": "http.request", "body": self._piece, "more_body": True}


def seconds_until_it_is_ended(sender: Sender, most: float) -> float:
    async def read() -> None:
        async for _ in Incoming(sender, "a", clock=lambda: sender.now).pieces():
            if sender.now > most:
                return
            await asyncio.sleep(0)

    try:
        asyncio.run(read())
    except BodyTooSlow:
        return sender.now
    return most


def test_a_byte_a_second_is_ended_after_one_window() -> None:
    assert seconds_until_it_is_ended(Sender(b"a", 1.0), 3600) == pytest.approx(WINDOW_SECONDS, abs=2)


def test_the_least_rate_goes_on_for_hours() -> None:
    assert seconds_until_it_is_ended(Sender(b"a" * (MIN_RATE + 1) * 10, 10.0), 7200) == 7200


def test_what_came_fast_earns_no_pause_later() -> None:
    class Fickle(Sender):
        async def __call__(self) -> dict[str, object]:
            self._piece, self._seconds = (b"x" * 10**7, 1.0) if self.now < 10 else (b"x", 1.0)
            return await super().__call__()

    assert seconds_until_it_is_ended(Fickle(b"", 0), 3600) < 10 + 2 * WINDOW_SECONDS


def test_a_closed_connection_is_told_from_an_end() -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def read() -> None:
        async for _ in Incoming(receive, "a").pieces():
            pass

    with pytest.raises(ClientGone):
        asyncio.run(read())


def test_others_do_not_pay_for_a_client_with_many_connections() -> None:
    async def never() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    senders = Senders(most=100, max_of_one=3)
    modest = Incoming(never, "modest")
    greedy = [Incoming(never, "greedy") for _ in range(4)]
    with senders.joined_by(modest):
        entered = [senders.joined_by(one) for one in greedy]
        for one in entered:
            one.__enter__()
        assert len(senders) == 4
        assert [one._is_over for one in (modest, *greedy)] == [False, True, False, False, False]
        for one in reversed(entered):
            one.__exit__(None, None, None)
    assert len(senders) == 0
