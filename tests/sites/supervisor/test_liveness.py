"""What counts as a sign of life."""

import asyncio
import os
from pathlib import Path

import pytest
import redis

from sites.supervisor import liveness
from sites.supervisor.liveness import CannotTell, Silent, answers, answers_http, reports


class Broker:
    """A Redis in which somebody has reported, or that is away."""

    def __init__(self, value: str | None, error: Exception | None = None) -> None:
        self._value, self._error = value, error

    def get(self, _: str) -> str | None:
        if self._error:
            raise self._error
        return self._value


def ask_somebody_who_says(said: bytes, path: Path) -> bytes:
    """Ask a server that says this and closes; returns what it was asked."""
    heard = b""

    async def converse() -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal heard
            heard = await reader.readline()
            writer.write(said)
            writer.close()

        async with await asyncio.start_unix_server(handle, path):
            await answers_http(path, "/ready")(1)

    asyncio.run(converse())
    return heard


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 503 Service Unavailable\r\n\r\n"])
def test_any_answer_is_a_sign_of_life(said: bytes, tmp_path: Path) -> None:
    assert ask_somebody_who_says(said, tmp_path / "part.sock") == b"GET /ready HTTP/1.1\r\n"


def test_who_hangs_up_or_does_not_listen_is_silent(tmp_path: Path) -> None:
    with pytest.raises(Silent):
        ask_somebody_who_says(b"", tmp_path / "part.sock")
    with pytest.raises(Silent):
        asyncio.run(answers(tmp_path / "nobody.sock", b"PING\r\n")(1))


def test_who_takes_the_question_and_says_nothing_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "ASK_SECONDS", 0.1)

    async def converse() -> None:
        ended = asyncio.Event()

        async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await ended.wait()
            writer.close()

        async with await asyncio.start_unix_server(handle, tmp_path / "part.sock"):
            try:
                await answers(tmp_path / "part.sock", b"PING\r\n")(1)
            finally:
                ended.set()
                await asyncio.sleep(0)

    with pytest.raises(Silent):
        asyncio.run(converse())


@pytest.mark.parametrize("value", [None, str(os.getppid())])
def test_who_does_not_report_or_whose_former_process_did_is_silent(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "redis_client", lambda: Broker(value))
    with pytest.raises(Silent):
        asyncio.run(reports("work")(os.getpid()))


def test_who_reports_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "redis_client", lambda: Broker(str(os.getpid())))
    asyncio.run(reports("work")(os.getpid()))


def test_without_redis_nobody_can_tell_whether_a_worker_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "redis_client", lambda: Broker(None, redis.ConnectionError()))
    with pytest.raises(CannotTell):
        asyncio.run(reports("work")(os.getpid()))
