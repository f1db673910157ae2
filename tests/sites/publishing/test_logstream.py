"""Programs follow the log of a slot with its publishing credentials, as long as these hold."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from django.test import Client

from sites.door.answer import Endless
from sites.errors import TooManyTails
from sites.models import Slot
from sites.monitoring.output import Line
from sites.monitoring.tails import tails
from sites.publishing import logstream
from tests.domain import Domain
from tests.sites.publishing.test_views import basic


class Portions:
    """Tails that give these portions and end."""

    def __init__(self, *portions: list[Line]) -> None:
        self._portions = portions

    async def follow(self, slot_id: int, seconds: float) -> AsyncGenerator[list[Line]]:
        for portion in self._portions:
            yield portion


class Full:
    """Tails without room."""

    async def follow(self, slot_id: int, seconds: float) -> AsyncGenerator[list[Line]]:
        raise TooManyTails(name="contoso")
        yield []


def line(text: str) -> Line:
    return Line("2026-11-28T06:00:00.000Z", 7, 0, "0123456789", text)


def read(pieces: AsyncGenerator[bytes]) -> list[str]:
    async def all_of_it() -> list[str]:
        return [piece.decode() async for piece in pieces]

    return asyncio.run(all_of_it())


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    return domain.staged()


@pytest.mark.parametrize("path", ["/logstream", "/api/logstream"])
def test_the_credentials_of_a_slot_open_its_log_and_no_other(slots: tuple[Slot, Slot], path: str) -> None:
    production, staging = slots
    host = "contoso-staging.scm.localhost"
    answer = Client().get(path, HTTP_HOST=host, **basic(staging))
    assert answer.status_code == 200
    assert answer.content == b"The log of 'contoso (staging)' follows. Press Ctrl-C to end.\n"
    assert isinstance(answer.door, Endless)
    assert Client().get(path, HTTP_HOST=host, **basic(production)).status_code == 401
    assert Client().get(path, HTTP_HOST=host).status_code == 401


def test_more_than_may_be_open_are_refused_with_a_code(
    slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(tails), "__len__", lambda _: 200)
    answer = Client().get("/logstream", HTTP_HOST="contoso.scm.localhost", **basic(slots[0]))
    assert (answer.status_code, answer.json()["code"]) == (429, "TooManyTails")
    assert "So many programs" in read(logstream.pieces(Full(), 1, "", lambda: True))[0]


def test_lines_come_as_text_and_silence_is_said() -> None:
    portions = Portions([line("GET /"), line("Error")], [])
    assert read(logstream.pieces(portions, 1, "error", lambda: True)) == [
        "2026-11-28T06:00:00.000Z 0123456789 r7/1 Error\n",
        "No new line within 30 seconds.\n",
        "The stream ends here: it was read too slowly, or Greenroom stops. Ask again.\n",
    ]


def test_a_stream_ends_when_its_credentials_do_not_hold_any_more(slots: tuple[Slot, Slot]) -> None:
    production = slots[0]
    portions = Portions(*[[line("text")]] * 30)
    said = read(logstream.pieces(portions, 1, "", lambda: False))
    assert len(said) == logstream.CHECKS
    assert said[-1] == "The credentials of this stream do not hold any more.\n"
    assert logstream._has_password(production.pk, production.publishing_password)
    assert not logstream._has_password(production.pk, "another")
    assert not logstream._has_password(10**9, production.publishing_password)
