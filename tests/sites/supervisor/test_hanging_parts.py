"""A part that hangs is replaced as one that has died; with real processes and short times."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sites.logs.pump import Pump
from sites.supervisor import watch
from sites.supervisor.component import Component, NotReady
from sites.supervisor.journal import Journal
from sites.supervisor.keeper import Keeper
from sites.supervisor.liveness import CannotTell, Liveness, Silent, answers
from sites.supervisor.records import read_record
from sites.supervisor.scheduling import state_of

PART = """
import asyncio, signal, sys, threading

def spin(*_):
    while True:
        pass

def lock(*_):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

async def handle(reader, writer):
    await reader.readline()
    writer.write(b"yes\\n")
    writer.close()

async def serve():
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, spin)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, lock)
    async with await asyncio.start_unix_server(handle, sys.argv[1]) as server:
        await server.serve_forever()

asyncio.run(serve())
"""


def keeper_of(component: Component, folder: Path) -> Keeper:
    return Keeper(component, Journal(folder / "up.log"), Pump(), run_dir=folder, log_dir=folder, folder=folder)


def told(folder: Path) -> str:
    return (folder / "up.log").read_text()


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@asynccontextmanager
async def kept(component: Component, folder: Path) -> AsyncIterator[Keeper]:
    keeper = keeper_of(component, folder)
    await keeper.bring_up()
    try:
        yield keeper
    finally:
        await keeper.stop()


def serving_part(folder: Path, liveness: Liveness) -> Component:
    ask = answers(folder / "part.sock", b"well?\n")

    async def ready(pid: int) -> None:
        try:
            await ask(pid)
        except Silent as error:
            raise NotReady(str(error)) from error

    return Component("part", (sys.executable, "-c", PART, str(folder / "part.sock")), ready, liveness)


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2], ids=["event loop spins", "deadlock"])
def test_a_process_that_no_longer_answers_is_replaced(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.1)

    async def replaced() -> tuple[int | None, Keeper]:
        liveness = Liveness(answers(tmp_path / "part.sock", b"well?\n"), patience_seconds=1, stopped_seconds=0.2)
        async with kept(serving_part(tmp_path, liveness), tmp_path) as keeper:
            former = keeper.process_id
            assert former is not None
            os.kill(former, number)
            await until(lambda: "answers again" in told(tmp_path))
            assert keeper.process_id != former
            assert state_of(former) == ""
            return former, keeper

    _, keeper = asyncio.run(replaced())
    assert keeper.restarts == 1
    assert keeper.last_hang.startswith("did not answer for ")
    assert "s and is replaced" in told(tmp_path)


def test_a_stopped_process_is_replaced_and_counted_and_the_record_says_why(tmp_path: Path) -> None:
    async def replaced() -> None:
        async with kept(serving_part(tmp_path, Liveness(stopped_seconds=0.2)), tmp_path) as keeper:
            assert keeper.process_id is not None
            os.kill(keeper.process_id, signal.SIGSTOP)
            await until(lambda: "answers again" in told(tmp_path))
            record = read_record(tmp_path, "part")
            assert record is not None
            assert record.restarts == 1
            assert record.identity.pid == keeper.process_id
            assert record.last_hang.startswith("was stopped by a signal, did not answer for ")
            assert " s and was replaced on " in record.last_hang

    asyncio.run(replaced())
    assert "was ended by signal 9 (SIGKILL)" in told(tmp_path)


def test_a_process_that_nobody_can_ask_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.0)
    asked: list[int] = []

    async def ask(pid: int) -> None:
        asked.append(pid)
        raise CannotTell if len(asked) % 2 else ValueError("a fault of the question")

    async def left_alone() -> None:
        liveness = Liveness(ask, patience_seconds=0.2, stopped_seconds=0.1)
        async with kept(serving_part(tmp_path, liveness), tmp_path) as keeper:
            await until(lambda: len(asked) > 10)
            assert set(asked) == {keeper.process_id}

    asyncio.run(left_alone())
    assert "could not be asked whether it lives: ValueError: a fault of the question" in told(tmp_path)


def test_a_survivor_that_hangs_is_replaced_when_up_starts_again(tmp_path: Path) -> None:
    async def start_again() -> None:
        part = replace(serving_part(tmp_path, Liveness(stopped_seconds=0.2)), survives=True)
        former = keeper_of(part, tmp_path)
        await former.bring_up()
        former.let_watch_go()
        assert former.process is not None
        former.process.send(signal.SIGSTOP)
        async with kept(part, tmp_path) as keeper:
            assert keeper.process_id != former.process_id
            assert keeper.restarts == 1
            await former.process.wait()

    asyncio.run(start_again())
    assert "was stopped by a signal, did not answer for" in told(tmp_path)


def test_a_stopped_process_hears_that_it_shall_end(tmp_path: Path) -> None:
    async def stop() -> float:
        keeper = keeper_of(serving_part(tmp_path, Liveness(stopped_seconds=60)), tmp_path)
        await keeper.bring_up()
        assert keeper.process is not None
        keeper.process.send(signal.SIGSTOP)
        began = time.monotonic()
        await keeper.stop()
        return time.monotonic() - began

    assert asyncio.run(stop()) < 10
    assert "did not end in time" not in told(tmp_path)
