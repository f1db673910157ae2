"""One line for whoever watches."""

import pytest
from django.test import Client

from portal.views import health


@pytest.mark.parametrize(("is_well", "status"), [(True, 200), (False, 503)])
def test_health_is_a_line_and_a_status(monkeypatch: pytest.MonkeyPatch, is_well: bool, status: int) -> None:
    monkeypatch.setattr(health, "health", lambda: (is_well, "a line"))
    answer = Client().get("/healthz", headers={"host": "127.0.0.1:8080"})
    assert (answer.status_code, answer.content) == (status, b"a line\n")
    assert "no-store" in answer["Cache-Control"]
