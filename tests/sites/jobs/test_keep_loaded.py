"""Always On asks the instances that run, where they are now."""

import socket
import threading
from contextlib import suppress

import pytest

from sites.jobs import keep_loaded
from sites.models import Category, Instance
from sites.services.settings import Entry
from tests.domain import Domain


def test_instances_are_asked_where_the_runtime_says_that_they_run(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(keep_loaded, "ask", lambda *place: asked.append(place))
    production, staging = domain.staged()
    for slot in (production, staging):
        domain.save(slot, Entry("always_on", "on"), category=Category.GENERAL)
    Instance.objects.update(address="10.9.9.9")
    domain.runtime.never_listen(staging.live_revision_id, 0)
    (running,) = domain.runtime.observe([production.live_revision_id])
    keep_loaded.run()
    assert asked == [(running.address, running.port)]


def test_an_answer_that_trickles_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_loaded, "SECONDS", 0.5)
    is_over = threading.Event()

    def trickle(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            while not is_over.wait(0.05):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=(server,))
        thread.start()
        asking = threading.Thread(target=keep_loaded.ask, args=server.getsockname(), daemon=True)
        asking.start()
        asking.join(5)
        has_ended = not asking.is_alive()
        is_over.set()
        thread.join()
    assert has_ended
