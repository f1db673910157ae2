"""Programs follow the log of a slot with its publishing credentials, as long as these hold."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable
from typing import cast

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sites.door.answer import Endless
from sites.errors import TooManyTails
from sites.models import Role, Slot
from sites.monitoring.output import Line
from sites.monitoring.tails import tails
from sites.publishing import logstream
from sites.services import access_tokens, bearers, deployment_users
from sites.services.slots import reset_credentials
from tests.domain import Domain
from tests.sites.publishing.test_views import basic

PASSWORD = "correct horse battery"


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


def test_a_stream_ends_when_its_credentials_do_not_hold_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, True, False])
    monkeypatch.setattr(logstream, "CHECK_SECONDS", 0.0)
    said = read(logstream.pieces(Portions(*[[line("text")]] * 30), 1, "", lambda: next(answers)))
    assert len(said) == 3
    assert said[-1] == "The credentials of this stream do not hold any more.\n"


def opened(host: str, credentials: dict[str, str]) -> Callable[[], bool]:
    """Whether the stream that these opened may go on."""
    answer = Client().get("/logstream", HTTP_HOST=host, **credentials)
    assert answer.status_code == 200
    pieces = answer.door.pieces
    return cast(Callable[[], bool], pieces.args[-1])


def test_the_stream_of_a_slot_ends_with_its_password(slots: tuple[Slot, Slot], domain: Domain) -> None:
    may_go_on = opened("contoso.scm.localhost", basic(slots[0]))
    assert may_go_on()
    reset_credentials(acting_user=domain.alice, slot=slots[0])
    assert not may_go_on()


@pytest.mark.parametrize("way", ["password", "token", "bearer"])
@pytest.mark.parametrize("end", ["role", "reader", "account", "credentials"])
def test_the_stream_of_a_person_ends_with_role_account_and_credentials(
    slots: tuple[Slot, Slot], domain: Domain, way: str, end: str
) -> None:
    token, text = access_tokens.create(acting_user=domain.alice, name="logs", scopes=["publish"], days=1)
    if way == "password":
        deployment_users.set_up(acting_user=domain.alice, name="alice-deploys", password=PASSWORD)
        encoded = base64.b64encode(f"alice-deploys:{PASSWORD}".encode()).decode()
        may_go_on = opened("contoso.scm.localhost", {"HTTP_AUTHORIZATION": f"Basic {encoded}"})
    else:
        shown = bearers.issue(token)[0] if way == "bearer" else text
        may_go_on = opened("contoso.scm.localhost", {"HTTP_AUTHORIZATION": f"Bearer {shown}"})
    assert may_go_on()
    roles = slots[0].site.subscription.memberships.filter(user=domain.alice)
    if end == "role":
        roles.delete()
    elif end == "reader":
        roles.update(role=Role.READER)
    elif end == "account":
        User.objects.filter(pk=domain.alice.pk).update(is_active=False)
    elif way == "password":
        deployment_users.set_up(acting_user=domain.alice, name="alice-deploys", password=f"{PASSWORD} and more")
    else:
        token.delete()
    assert not may_go_on()
