"""What the warm-up asks of an application that really listens, and what it makes of the answer."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from sites.general_settings import warmup_rules
from sites.models import Instance, SlotChange
from sites.operations import procedure
from sites.operations.steps import warm_up
from sites.operations.turn import Turn
from sites.services import operations, swaps
from tests.domain import Domain

ASK = warm_up.ask


class Odd(BaseHTTPRequestHandler):
    """An application with answers that never end, break off, or wait for their turn."""

    def do_GET(self) -> None:
        self.server.asked.append(unquote(self.path))  # type: ignore[attr-defined]
        match self.path:
            case "/endless":
                self.trickle()
            case "/broken":
                self.head(100)
                self.wfile.write(b"half")
            case "/slow":
                time.sleep(0.3)
                self.head(0)
            case _:
                self.head(2)
                self.wfile.write(b"ok")

    def head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def trickle(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b".")
                time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def odd() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(domain: Domain, server: ThreadingHTTPServer, **rules: str) -> warm_up.Answer:
    production, _staging = domain.staged()
    instance = Instance(address="127.0.0.1", port=server.server_port)
    return ASK(warm_up.Probe(instance, SlotChange(slot=production), "contoso.localhost", warmup_rules(rules)))


def test_an_answer_that_never_ends_is_none_when_its_time_is_over(domain: Domain, odd: ThreadingHTTPServer) -> None:
    began = time.monotonic()
    answer = ask(domain, odd, paths="/endless", seconds="1")
    assert answer == warm_up.Answer("/endless", "no answer within 1 s")
    assert time.monotonic() - began < 3


def test_an_answer_that_breaks_off_is_none(domain: Domain, odd: ThreadingHTTPServer) -> None:
    assert ask(domain, odd, paths="/broken").text == "an answer that broke off"


def test_a_path_in_any_script_is_asked_as_a_browser_would(domain: Domain, odd: ThreadingHTTPServer) -> None:
    assert ask(domain, odd, paths="/grüße?wer=ü").text == "200"
    assert odd.asked == ["/grüße?wer=ü"]  # type: ignore[attr-defined]


def test_all_paths_together_have_the_time_of_one_try(
    domain: Domain, odd: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_up, "ROUND_SECONDS", 0.1)
    answer = ask(domain, odd, paths="/slow /endless")
    assert answer == warm_up.Answer("/endless", "no answer within 1 s")


def test_nobody_listening_is_told_as_such(domain: Domain, odd: ThreadingHTTPServer) -> None:
    odd.socket.close()
    assert "no answer (" in ask(domain, odd).text


def test_who_cancels_does_not_wait_for_an_answer_that_does_not_come(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = domain.staged()
    is_over = threading.Event()

    def hang(_: warm_up.Probe) -> warm_up.Answer:
        is_over.wait(10)
        return warm_up.Answer("/", "200")

    def cancel(turn: Turn) -> None:
        operations.cancel(acting_user=domain.alice, operation=turn.operation)
        procedure.keep(turn)

    monkeypatch.setattr(warm_up, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(warm_up, "ask", hang)
    monkeypatch.setattr(warm_up, "keep", cancel)
    operation = domain.work(swaps.request_swap(acting_user=domain.alice, source=staging, target=production))
    assert (operation.state, is_over.is_set()) == ("cancelled", False)
    is_over.set()
