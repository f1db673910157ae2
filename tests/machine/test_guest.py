"""The channel into the machine, against a socket that answers as QEMU's guest agent does."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine import guest
from tests.machine.guest import Done, Guest

Answers = dict[str, list[Any]]


class Agent:
    """Answers each kind of question with the next of the given answers."""

    def __init__(self, path: Path, answers: Answers) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answers = answers
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """After the guest has hung up."""
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection, connection.makefile("rb") as questions:
            connection.sendall(b'{"return": "of a boot before"}\n')
            for line in questions:
                question = json.loads(line.lstrip(b"\xff"))
                self.asked.append(question)
                connection.sendall(self._answer(question) + b"\n")

    def _answer(self, question: dict[str, Any]) -> bytes:
        if question["execute"] == "guest-sync-delimited":
            return b"\xff" + json.dumps({"return": question["arguments"]["id"]}).encode()
        return json.dumps(self._answers[question["execute"]].pop(0)).encode()


@pytest.fixture
def answers() -> Answers:
    return {"guest-exec": [{"return": {"pid": 7}}]}


@pytest.fixture
def agent(tmp_path: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Agent, Guest]]:
    monkeypatch.setattr(guest, "POLL_SECONDS", 0.001)
    agent = Agent(tmp_path / "socket", answers)
    channel = Guest(tmp_path / "socket")
    channel.wait(10)
    yield agent, channel
    channel.close()
    agent.close()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_command_is_followed_to_its_end(agent: tuple[Agent, Guest], answers: Answers) -> None:
    ended = {"exited": True, "exitcode": 3, "out-data": encoded("said\n"), "err-data": encoded("but\n")}
    answers["guest-exec-status"] = [{"return": {"exited": False}}, {"return": ended}]
    there, channel = agent
    assert channel.run(["sh", "-c", "read x"], given="x\n", seconds=10) == Done(3, "said\n", "but\n")
    (order,) = [question["arguments"] for question in there.asked if question["execute"] == "guest-exec"]
    assert (order["path"], order["arg"], order["input-data"]) == ("sh", ["-c", "read x"], encoded("x\n"))


def test_a_signal_counts_as_a_shell_counts_it(agent: tuple[Agent, Guest], answers: Answers) -> None:
    answers["guest-exec-status"] = [{"return": {"exited": True, "signal": 9}}]
    assert agent[1].run(["sleep", "9"], seconds=10).code == 137


def test_what_hangs_ends_the_waiting(agent: tuple[Agent, Guest], answers: Answers) -> None:
    answers["guest-exec-status"] = [{"return": {"exited": False}}] * 1000
    with pytest.raises(TimeoutError, match="sleep 9"):
        agent[1].run(["sleep", "9"], seconds=0.01)


def test_a_refusal_is_said(agent: tuple[Agent, Guest], answers: Answers) -> None:
    answers["guest-exec"] = [{"error": {"desc": "No such file"}}]
    with pytest.raises(OSError, match="No such file"):
        agent[1].run(["nothing"], seconds=10)


def test_nobody_there_is_said_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest, "POLL_SECONDS", 0.001)
    with pytest.raises(TimeoutError, match="did not answer"):
        Guest(tmp_path / "nobody").wait(0.05)
