"""Connections that are slow stay open as long as they are let, and tell how they ended."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tools.bench.door import slow
from tools.bench.door.publishing import zip_deploy
from tools.bench.door.slow import Slow, head
from tools.bench.door.tally import Tally

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "PACE_SECONDS", 0.01)
    monkeypatch.setattr(slow, "AGAIN_SECONDS", 0.01)


async def against(serve: Serve, act: Callable[[tuple[str, int]], Awaitable[None]]) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        await asyncio.wait_for(act(server.sockets[0].getsockname()), 10)


def test_it_drips_and_is_counted_as_open() -> None:
    came = bytearray()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100):
            came.extend(piece)
        writer.close()

    async def act(address: tuple[str, int]) -> None:
        tally, stopping = Tally(), asyncio.Event()
        running = asyncio.create_task(Slow("s", address, b"opening:", b"a").run(tally, stopping))
        while came.count(b"a") < 5:
            await asyncio.sleep(0.01)
        assert tally.open_now["s"] == 1
        stopping.set()
        await running
        assert (tally.open_now["s"], tally.by_kind()) == (0, {"s": {"open": 1}})

    asyncio.run(against(swallow, act))
    assert came.startswith(b"opening:aaaa")


def test_an_answer_that_ends_it_is_told_and_it_begins_anew() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def act(address: tuple[str, int]) -> None:
        tally, stopping = Tally(), asyncio.Event()
        running = asyncio.create_task(Slow("s", address, b"opening").run(tally, stopping))
        while tally.ended["s", "408"] < 3:
            await asyncio.sleep(0.01)
        stopping.set()
        await running

    asyncio.run(against(refuse, act))


def test_an_upload_keeps_its_rate_and_waits_for_its_answer(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"x" * 300_000)
    seen = bytearray()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.extend(await reader.readexactly(300_000))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def act(address: tuple[str, int]) -> None:
        tally = Tally()
        began = asyncio.get_running_loop().time()
        await zip_deploy("u", address, "scm.test", "eDp5", archive, 1_000_000).run(tally, asyncio.Event())
        assert asyncio.get_running_loop().time() - began >= 0.25
        assert tally.by_kind() == {"u": {"200": 1}}

    asyncio.run(against(take, act))
    assert len(seen) == 300_000


def test_a_head_is_lines() -> None:
    assert head("GET", "/p", "h", X_A="b") == b"GET /p HTTP/1.1\r\nHost: h\r\nX-A: b\r\n"
