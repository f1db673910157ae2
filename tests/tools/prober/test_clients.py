"""Clients against servers that answer well, badly and not at all."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

from tests.tools.prober.servers import HOSTS, against, against_raw, application, keep_alive, page
from tools.prober import kinds
from tools.prober.client import Client
from tools.prober.http import user_agent
from tools.prober.records import Trouble
from tools.prober.websocket import WebSocketClient


@pytest.mark.parametrize(
    "make",
    [
        keep_alive,
        lambda address: kinds.connection_per_request("c", address, HOSTS),
        lambda address: kinds.post("c", address, HOSTS),
        lambda address: kinds.trickled_upload("c", address, HOSTS),
        lambda address: kinds.slow("c", address, HOSTS),
        lambda address: kinds.streaming("c", address, HOSTS),
        lambda address: WebSocketClient("c", address, HOSTS, life_seconds=0.2),
    ],
    ids=["keep-alive", "per-request", "post", "upload", "slow", "streaming", "websocket"],
)
def test_every_kind_of_client_finds_a_good_application_good(make):
    records = against(application(), make, at_least=2)
    assert [record.trouble for record in records] == [None, None]
    assert [record.host for record in records] == list(HOSTS)
    assert {(record.version, record.mark) for record in records} == {("7", "production")}
    assert all(record.done_at >= record.sent_at > 0 for record in records)


@pytest.mark.parametrize(
    ("make", "names"),
    [(keep_alive, ["keep-alive 1/1"] * 2), (lambda address: WebSocketClient("c", address, HOSTS), ["c/0"])],
    ids=["HTTP", "WebSocket"],
)
def test_an_application_is_told_whose_connection_it_answers(make, names):
    told = []

    @web.middleware
    async def listen(request: web.Request, handler: Callable) -> web.StreamResponse:
        told.append(request.headers["User-Agent"])
        return await handler(request)

    app = application()
    app.middlewares.append(listen)
    records = against(app, make, at_least=len(names))
    assert [record.connection for record in records] == names
    assert told == [user_agent(name) for name in names]


def test_a_keep_alive_client_stays_on_its_connection():
    assert len({record.connection for record in against(application(), keep_alive)}) == 1


def test_a_connection_per_request_is_another_one_each_time():
    records = against(application(), lambda address: kinds.connection_per_request("c", address, HOSTS))
    assert len({record.connection for record in records}) == len(records)
    assert not any(record.is_reopened for record in records)


def test_a_wrong_status_is_found_with_its_text():
    async def fail(request: web.Request) -> web.Response:
        return web.Response(status=503, text="no healthy upstream")

    record = against(application(page=fail), keep_alive, at_least=1)[0]
    assert record.trouble is Trouble.STATUS
    assert "503 instead of 200 to /: no healthy upstream" in record.detail


def test_a_body_that_is_not_what_was_meant_is_found():
    async def lie(request: web.Request) -> web.Response:
        return page("half", **{"X-Body-Sha256": kinds.sha256(b"half of it")})

    assert against(application(page=lie), keep_alive, at_least=1)[0].trouble is Trouble.BODY


def test_an_upload_of_which_a_byte_is_missing_is_found():
    async def lose(request: web.Request) -> web.Response:
        return page(kinds.sha256((await request.read())[:-1]))

    records = against(application(echo=lose), lambda address: kinds.post("c", address, HOSTS), at_least=1)
    assert records[0].trouble is Trouble.BODY


def test_a_stream_without_its_end_is_found():
    async def stop(request: web.Request) -> web.Response:
        return page("line 0\n", **{"X-Body-Sha256": kinds.sha256(b"line 0\nline 1\n")})

    records = against(application(stream=stop), lambda address: kinds.streaming("c", address, HOSTS), at_least=1)
    assert records[0].trouble is Trouble.BODY


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ],
)
def test_a_truncated_body_is_found(head):
    async def truncate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        await writer.drain()
        writer.close()

    assert against_raw(truncate, keep_alive)[0].trouble is Trouble.BROKEN


def test_a_connection_closed_under_a_request_is_a_failure_and_not_tried_again():
    seen = 0

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await reader.readuntil(b"\r\n\r\n")
        seen += 1
        writer.close()

    records = against_raw(answer_once, keep_alive, at_least=1)
    assert records[0].trouble is Trouble.BROKEN
    assert seen == 1


def test_an_idle_connection_closed_by_the_server_is_reopened_and_reported():
    body = b"hello"
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Body-Sha256: %s\r\n\r\n%s" % (kinds.sha256(body).encode(), body)

    async def close_when_idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(good)
        await writer.drain()
        writer.close()

    records = against_raw(
        close_when_idle, lambda address: kinds.keep_alive("c", address, HOSTS, pause_seconds=0.05), at_least=3
    )
    assert [record.trouble for record in records] == [None, None, None]
    assert [record.is_reopened for record in records] == [False, True, True]


def test_nobody_listening_is_a_refused_connection():
    def nowhere(address: tuple[str, int]) -> Client:
        return kinds.keep_alive("c", ("127.0.0.1", 1), HOSTS)

    assert against(application(), nowhere, at_least=1)[0].trouble is Trouble.REFUSED
