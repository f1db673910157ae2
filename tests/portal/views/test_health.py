"""One line for whoever watches."""

import pytest
from django.conf import settings
from django.test import Client

from portal.views import health


@pytest.mark.parametrize(("is_well", "status"), [(True, 200), (False, 503)])
def test_health_is_a_line_and_a_status(monkeypatch: pytest.MonkeyPatch, is_well: bool, status: int) -> None:
    monkeypatch.setattr(health, "health", lambda: (is_well, "a line"))
    answer = Client().get("/healthz", headers={"host": "127.0.0.1:8080"})
    assert (answer.status_code, answer.content) == (status, b"a line\n")
    assert "no-store" in answer["Cache-Control"]


def test_health_answers_a_browser_without_asking_the_database_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "health", lambda: (False, "away: database"))
    client = Client(SERVER_NAME="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    assert client.get("/healthz").status_code == 503
