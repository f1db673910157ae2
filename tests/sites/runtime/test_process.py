"""Orders reach the agent, and every way of not reaching it is one error."""

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

import pytest
from django.conf import LazySettings

from sites.errors import Failed, RuntimeUnreachable, StaleOrder
from sites.runtime import codec
from sites.runtime.process import ProcessRuntime
from sites.runtime.spec import InstanceState, RevisionSpec

SPEC = RevisionSpec(7, 1, 1, "contoso", 1, "/app", ("serve",), {})


class Agent(ThreadingMixIn, UnixStreamServer):
    """Answers every request in the same way and remembers what was asked."""

    daemon_threads = True
    status = 200
    answer: dict[str, Any] = {"protocol": codec.PROTOCOL}

    def __init__(self, path: Path) -> None:
        self.asked: list[tuple[str, str]] = []
        super().__init__(str(path), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path))
        body = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_DELETE = do_GET

    def log_message(self, *arguments: Any) -> None:
        """Silent."""


@pytest.fixture
def agent(settings: LazySettings) -> Iterator[Agent]:
    with tempfile.TemporaryDirectory() as folder:
        settings.AGENT_SOCKET = Path(folder) / "agent.sock"
        server = Agent(settings.AGENT_SOCKET)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        server.server_close()
        thread.join()


def test_instances_are_reported(agent: Agent) -> None:
    status = {"revision_id": 7, "ordinal": 0, "generation": 1, "state": "running", "address": "10.0.0.2", "port": 8080}
    agent.answer = {"protocol": codec.PROTOCOL, "instances": [status]}
    (instance,) = ProcessRuntime().observe([7, 8])
    assert (instance.state, instance.address, instance.exit_code) == (InstanceState.RUNNING, "10.0.0.2", None)
    assert agent.asked == [("GET", "/instances?revisions=7%2C8")]


def test_nothing_is_asked_about_no_revisions(agent: Agent) -> None:
    assert ProcessRuntime().observe([]) == []
    assert agent.asked == []


def test_a_stale_order_is_told_apart(agent: Agent) -> None:
    agent.status = 409
    with pytest.raises(StaleOrder, match="contoso"):
        ProcessRuntime().apply(SPEC)


def test_an_order_that_was_not_understood_is_not_tried_again(agent: Agent) -> None:
    agent.status, agent.answer = 400, {"protocol": codec.PROTOCOL, "error": "KeyError: 'command'"}
    with pytest.raises(Failed, match="KeyError") as raised:
        ProcessRuntime().apply(SPEC)
    assert not isinstance(raised.value, RuntimeUnreachable)


@pytest.mark.parametrize(
    ("status", "answer"), [(500, {"protocol": codec.PROTOCOL, "error": "it failed"}), (200, {"protocol": 99})]
)
def test_an_agent_that_cannot_is_out_of_reach(agent: Agent, status: int, answer: dict[str, Any]) -> None:
    agent.status, agent.answer = status, answer
    with pytest.raises(RuntimeUnreachable):
        ProcessRuntime().apply(SPEC)


def test_no_agent_is_out_of_reach(settings: LazySettings, tmp_path: Path) -> None:
    settings.AGENT_SOCKET = tmp_path / "none.sock"
    with pytest.raises(RuntimeUnreachable, match="No such file"):
        ProcessRuntime().observe()


def test_an_agent_that_hangs_up_is_out_of_reach(settings: LazySettings) -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        settings.AGENT_SOCKET = Path(folder) / "agent.sock"
        listener.bind(str(settings.AGENT_SOCKET))
        listener.listen()
        thread = threading.Thread(target=lambda: listener.accept()[0].close())
        thread.start()
        with pytest.raises(RuntimeUnreachable):
            ProcessRuntime().observe()
        thread.join()
