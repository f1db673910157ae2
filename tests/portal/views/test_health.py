"""One line for whoever watches."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client

from portal.views import health

HOST = {"host": "127.0.0.1:8080"}
STRANGER = "192.0.2.9"


@pytest.fixture(params=[(True, 200, "ok"), (False, 503, "away")], ids=["well", "away"])
def state(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, int, str]:
    """Whether all is well, the status that says so, and the word for strangers."""
    monkeypatch.setattr(health, "health", lambda: (request.param[0], f"{request.param[2]}: a line"))
    return request.param


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_health_is_a_line_and_a_status_for_this_machine(state: tuple[bool, int, str], address: str, db: None) -> None:
    answer = Client().get("/healthz", headers=HOST, REMOTE_ADDR=address)
    assert (answer.status_code, answer.content.decode()) == (state[1], f"{state[2]}: a line\n")
    assert "no-store" in answer["Cache-Control"]


def test_a_stranger_learns_no_more_than_whether_it_works(state: tuple[bool, int, str], db: None) -> None:
    answer = Client().get("/healthz", headers=HOST, REMOTE_ADDR=STRANGER)
    assert (answer.status_code, answer.content.decode()) == (state[1], f"{state[2]}\n")


@pytest.mark.parametrize(("is_superuser", "line"), [(True, "ok: a line"), (False, "ok")])
def test_an_administrator_is_no_stranger(
    monkeypatch: pytest.MonkeyPatch, db: None, is_superuser: bool, line: str
) -> None:
    monkeypatch.setattr(health, "health", lambda: (True, "ok: a line"))
    client = Client()
    client.force_login(User.objects.create_user("carol", is_superuser=is_superuser))
    assert client.get("/healthz", headers=HOST, REMOTE_ADDR=STRANGER).content.decode() == f"{line}\n"


def test_a_database_that_is_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def __getattr__(self, name: str) -> object:
            raise DatabaseError(f"away, so there is no {name}")

    monkeypatch.setattr(health, "health", lambda: (False, "away: database"))
    monkeypatch.setattr("django.contrib.auth.middleware.get_user", lambda request: Away())
    answer = Client().get("/healthz", headers=HOST, REMOTE_ADDR=STRANGER)
    assert (answer.status_code, answer.content) == (503, b"away\n")


def test_health_answers_a_browser_without_asking_the_database_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "health", lambda: (False, "away: database"))
    client = Client(SERVER_NAME="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    assert client.get("/healthz").status_code == 503
