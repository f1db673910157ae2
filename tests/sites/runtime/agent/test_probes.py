"""What the agent asks of applications that really listen, and what it makes of their answers."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sites.runtime.agent import probes
from sites.runtime.agent.probes import Probes
from sites.runtime.spec import ProbeSpec, ProbeState, ProbeStatus


class Odd(BaseHTTPRequestHandler):
    """An application with answers that never end, break off, or wait for their turn."""

    server: "Application"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        match self.path:
            case "/endless":
                self.trickle()
            case "/broken":
                self.head(100)
                self.wfile.write(b"half")
            case "/large":
                self.head(1 << 20)
                self.wfile.write(b"." * (1 << 20))
            case "/slow":
                time.sleep(0.3)
                self.head(0)
            case "/nonsense":
                self.wfile.write(b"nonsense\r\n\r\n")
            case "/cookie":
                self.send_response(302)
                self.send_header("Set-Cookie", "a=b")
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
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


class Application(ThreadingHTTPServer):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), Odd)


@pytest.fixture
def application() -> Iterator[Application]:
    with Application() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def spec(*paths: str, probe_id: str = "one", **changes: Any) -> ProbeSpec:
    values = {"statuses": ((200, 499),), "seconds": 5.0, "round_seconds": 10.0, "headers": {"Host": "contoso"}}
    return ProbeSpec(probe_id=probe_id, revision_id=7, ordinal=0, paths=paths or ("/",), **(values | changes))


def with_probes(port: int | None, talk: Callable[[Probes], Any]) -> Any:
    """What `talk` returns of probes whose instance listens on `port`; None: it has no place."""

    async def run() -> Any:
        found = Probes(lambda *_: None if port is None else ("127.0.0.1", port))
        try:
            return await talk(found)
        finally:
            await found.close()

    return asyncio.run(run())


def ask(port: int | None, *paths: str, **changes: Any) -> ProbeStatus:
    async def talk(found: Probes) -> ProbeStatus:
        found.order([spec(*paths, **changes)])
        (status,) = await found.wait(["one"], 10.0)
        return status

    return with_probes(port, talk)


def test_an_answer_is_the_last_paths_and_says_whether_it_is_acceptable(application: Application) -> None:
    status = ask(application.server_port, "/a", "/b")
    assert status == ProbeStatus("one", ProbeState.ANSWERED, "/b", "200", True)
    assert [path for path, _ in application.asked] == ["/a", "/b"]
    assert not ask(application.server_port, "/a", statuses=((204, 204),)).is_accepted


def test_the_first_path_that_is_not_answered_acceptably_is_the_last(application: Application) -> None:
    assert ask(application.server_port, "/broken", "/b").path == "/broken"
    assert [path for path, _ in application.asked] == ["/broken"]


def test_an_answer_that_never_ends_is_none_when_its_time_is_over(application: Application) -> None:
    began = time.monotonic()
    assert ask(application.server_port, "/endless", seconds=1.0).answer == "no answer within 1 s"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("path", "answer"),
    [("/broken", "an answer that broke off"), ("/nonsense", "no answer (")],
)
def test_an_answer_that_is_not_whole_is_none(application: Application, path: str, answer: str) -> None:
    status = ask(application.server_port, path)
    assert status.answer.startswith(answer) and not status.is_accepted


def test_an_answer_without_measure_is_none(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "MAX_BYTES", 1 << 19)
    assert ask(application.server_port, "/large").answer == "an answer of more than 0 MB"


def test_all_paths_together_have_the_time_of_one_round(application: Application) -> None:
    status = ask(application.server_port, "/slow", "/endless", round_seconds=0.1)
    assert (status.path, status.answer) == ("/endless", "no answer within 1 s")


def test_nobody_listening_is_told_as_such(application: Application) -> None:
    application.socket.close()
    assert ask(application.server_port).answer == "no answer (Connection refused)"
    assert ask(None).answer == "no answer (it does not run)"


def test_it_follows_nothing_keeps_no_cookie_and_sends_only_the_headers_of_the_order(application: Application) -> None:
    async def talk(found: Probes) -> list[ProbeStatus]:
        found.order([spec("/cookie"), spec("/gr%C3%BC%C3%9Fe?wer=%C3%BC", probe_id="two")])
        return await found.wait(["one", "two"], 10.0)

    assert [one.answer for one in with_probes(application.server_port, talk)] == ["302", "200"]
    asked = dict(application.asked)
    assert set(asked) == {"/cookie", "/gr%C3%BC%C3%9Fe?wer=%C3%BC"}
    assert all(headers.keys() <= {"Host", "Connection"} for headers in asked.values())


def test_an_order_that_comes_twice_is_asked_once(application: Application) -> None:
    async def talk(found: Probes) -> None:
        for _ in range(3):
            found.order([spec("/a")])
            await found.wait(["one"], 10.0)

    with_probes(application.server_port, talk)
    assert len(application.asked) == 1


def test_nobody_waits_longer_than_wanted_and_what_is_ended_is_unknown(application: Application) -> None:
    async def talk(found: Probes) -> None:
        found.order([spec("/endless", seconds=30.0), spec("/a", probe_id="another")])
        began = time.monotonic()
        states = [one.state for one in await found.wait(["one", "another"], 0.2)]
        assert time.monotonic() - began < 15
        assert states == [ProbeState.RUNNING, ProbeState.ANSWERED]
        found.end("on")
        states = [one.state for one in await found.wait(["one", "another"], 0.0)]
        assert states == [ProbeState.UNKNOWN, ProbeState.ANSWERED]

    with_probes(application.server_port, talk)


def test_what_nobody_asks_about_any_more_is_forgotten(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(found: Probes) -> None:
        found.order([spec("/endless", seconds=30.0)])
        monkeypatch.setattr(probes, "FORGET_SECONDS", 0.0)
        found.order([])
        assert [one.state for one in await found.wait(["one"], 0.0)] == [ProbeState.UNKNOWN]

    with_probes(application.server_port, talk)
