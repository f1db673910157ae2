"""What counts as a sign of life."""

import asyncio
import os
import socket
import time
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.supervisor import liveness
from sites.supervisor.liveness import CannotTell, Silent, answers, answers_http, reports
from sites.supervisor.ready_file import EXPIRES_SECONDS, ready_file, say_alive, say_ready


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


@pytest.fixture
def redis(tmp_path: Path, settings: Settings) -> Path:
    """Where the queue is expected; nobody listens there."""
    settings.RUN_DIR = tmp_path
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/redis.sock"
    return tmp_path / "redis.sock"


def ask_beside_redis(path: Path, pid: int) -> None:
    """Ask for a report while something answers in place of Redis."""

    async def converse() -> None:
        async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"-NOAUTH Authentication required.\r\n")
            writer.close()

        async with await asyncio.start_unix_server(handle, path):
            await reports("part")(pid)

    asyncio.run(converse())


def test_who_has_not_said_that_it_is_ready_or_whose_former_process_did_is_silent(redis: Path) -> None:
    with pytest.raises(Silent):
        ask_beside_redis(redis, os.getpid())
    say_ready("part")
    with pytest.raises(Silent):
        ask_beside_redis(redis, os.getppid())


def test_who_has_lately_said_that_it_lives_does(redis: Path) -> None:
    say_ready("part")
    asyncio.run(reports("part")(os.getpid()))


def test_who_falls_silent_is_found_and_heard_again(redis: Path) -> None:
    say_ready("part")
    long_ago = time.time() - EXPIRES_SECONDS
    os.utime(ready_file("part"), (long_ago, long_ago))
    with pytest.raises(Silent):
        ask_beside_redis(redis, os.getpid())
    say_alive("part")
    ask_beside_redis(redis, os.getpid())


def test_without_redis_nobody_can_tell_whether_a_worker_hangs(redis: Path) -> None:
    with pytest.raises(CannotTell):
        asyncio.run(reports("part")(os.getpid()))


def test_a_redis_elsewhere_is_asked_at_its_address(redis: Path, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.CELERY_BROKER_URL = f"redis://:secret@127.0.0.1:{port}/0"
    with pytest.raises(CannotTell):
        asyncio.run(reports("part")(os.getpid()))

    async def converse() -> None:
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port):
            await reports("part")(os.getpid())

    with pytest.raises(Silent):
        asyncio.run(converse())
