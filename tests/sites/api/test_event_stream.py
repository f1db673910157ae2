"""The stream of events: as they happen, from where a client was cut off, and no longer than its token holds."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import pytest
from django.test import Client

from sites import access
from sites.api import event_stream
from sites.api.event_stream import MAX_OF_ONE, Place, Streams, look, newest
from sites.api.shapes.events import EventFilter
from sites.door.answer import Endless
from sites.errors import TooManyStreams
from sites.events import order
from sites.models import AccessToken, Event, Membership, Subscription
from tests.domain import Domain
from tests.sites.api.program import PREFIX, Program

ALL = EventFilter.model_validate({})
AT = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(event_stream, "QUIET_SECONDS", 0.01)


def run(work: object) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


def event(number: int) -> Event:
    return Event(number=number, type="swap.succeeded", subject="contoso", subscription=Subscription(name="x"), at=AT)


class Source:
    """Events that happen look by look; every look after them finds nothing, and then the token ends."""

    def __init__(self, *portions: Sequence[int] | None) -> None:
        self.places: list[int] = []
        self._portions = iter(portions)

    def __call__(self, place: Place) -> list[Event] | None:
        self.places.append(place.after)
        numbers = next(self._portions, None)
        return None if numbers is None else [event(one) for one in numbers]


async def read(streams: Streams, user_id: int = 1, after: int = 0) -> list[str]:
    return [piece.decode() async for piece in streams.follow(user_id, Place(1, ALL, after))]


def test_events_come_with_their_numbers_and_the_stream_goes_on_behind_them() -> None:
    async def work() -> None:
        source = Source([5, 6], [], [9])
        pieces = await read(Streams(source, lambda: 0))
        numbers = [piece.split("\n")[0] for piece in pieces if piece.startswith("id: ")]
        assert numbers == ["id: 5", "id: 6", "id: 9"]
        assert source.places == [0, 6, 6, 9]
        lines = pieces[0].split("\n")
        assert lines[1] == "event: swap.succeeded"
        assert json.loads(lines[2].removeprefix("data: "))["type"] == "greenroom.swap.succeeded"
        assert ": still here\n\n" in pieces
        assert "does not hold any more" in pieces[-1]

    run(work())


def test_one_person_has_a_few_streams_and_their_end_gives_room_again() -> None:
    async def work() -> None:
        streams = Streams(Source(*[[]] * 10_000), lambda: 0)
        open_ones = [asyncio.create_task(read(streams)) for _ in range(MAX_OF_ONE)]
        while len(streams) < MAX_OF_ONE:
            await asyncio.sleep(0)
        with pytest.raises(TooManyStreams):
            streams.ensure_room(1)
        assert "are open already" in (await read(streams))[0]
        streams.ensure_room(2)
        streams.stop()
        await asyncio.gather(*open_ones)
        assert len(streams) == 0

    run(work())


def test_a_stream_shows_what_its_token_may_see_and_ends_with_it(domain: Domain, program: Program) -> None:
    domain.create()
    order.hand_on()
    token = AccessToken.objects.get()
    place = Place(token.pk, ALL, 0)
    assert [one.type for one in look(place)] == ["operation.succeeded"]
    assert look(Place(token.pk, EventFilter.model_validate({"type": "swap.failed"}), 0)) == []
    ends_with_role = Place(token.pk, ALL, 0, access.roles_of(domain.alice))
    assert len(look(ends_with_role)) == 1
    Membership.objects.filter(user=domain.alice).delete()
    assert look(place) == [] and look(ends_with_role) is None
    token.delete()
    assert look(place) is None


def test_a_client_begins_with_what_is_new_or_behind_the_last_event_that_it_got(
    domain: Domain, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain.create()
    order.hand_on()

    def begins(path: str = "/events/stream", **headers: str) -> int:
        answer = program.get(path, **headers)
        assert answer.status_code == 200 and answer["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.content.startswith(b"retry: ") and isinstance(answer.door, Endless)
        assert isinstance(answer.door.pieces, partial)
        return answer.door.pieces.args[1].after

    assert begins() == newest() > 0
    begun = program.get("/events/stream").door.pieces.args[1]
    assert begun.roles == access.roles_of(domain.alice) != frozenset()
    assert begins(Last_Event_ID="7") == 7
    assert begins(Last_Event_ID=str(2**63 - 1)) == 2**63 - 1
    assert begins("/events/stream?after=9") == 9
    for wrong in ("x", "-1", "9" * 30, "0" * 20 + "9" * 20, "0" * 20 + "9" * 5000, str(2**63), "²"):
        assert program.get("/events/stream", Last_Event_ID=wrong).status_code == 400
    assert program.get("/events/stream?after=-1").status_code == 400
    assert Client(SERVER_NAME="localhost").get(f"{PREFIX}/events/stream").status_code == 401
    monkeypatch.setattr(event_stream, "MAX_STREAMS", 0)
    assert program.get("/events/stream").json()["code"] == "TooManyStreams"
