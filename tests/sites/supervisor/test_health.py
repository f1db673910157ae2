"""The one line that says which part does not answer."""

from pathlib import Path

import pytest
from django.conf import settings

from sites.supervisor import health

SOCKETS = {
    "agent": settings.AGENT_SOCKET,
    "router": settings.XDS_CONTROL_SOCKET,
    "guard": settings.GUARD_CONTROL_SOCKET,
}


@pytest.fixture(autouse=True)
def _no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_redis", lambda: "")
    monkeypatch.setattr(health, "_worker", lambda queue: "")


def test_all_parts_stand_in_the_line(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(health, "ask", lambda *asked, **options: (200, b""))
    line = "ok: database, redis, agent, router, guard, worker of control, worker of work"
    assert health.health() == (True, line)


@pytest.mark.parametrize("name", SOCKETS)
def test_a_part_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, db: None, name: str) -> None:
    def ask(socket: Path, *asked: object, **options: object) -> tuple[int, bytes]:
        if socket == SOCKETS[name]:
            raise ConnectionRefusedError("nobody listens")
        return 200, b""

    monkeypatch.setattr(health, "ask", ask)
    assert health.health() == (False, f"away: {name} (nobody listens); tried again automatically")
