"""Clients against servers that answer well, badly and not at all."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import WSMsgType, web

from sites.prober import kinds
from sites.prober.client import Client
from sites.prober.http import user_agent
from sites.prober.load import Load
from sites.prober.records import Record, Trouble
from sites.prober.session import SessionClient, SignInFailed
from sites.prober.websocket import WebSocketClient

HOSTS = ("shop.localhost", "shop-staging.localhost")
HEADERS = {"X-Version": "7", "X-Slot": "production"}

Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def page(text: str, **headers: str) -> web.Response:
    return web.Response(text=text, headers={**HEADERS, "X-Body-Sha256": kinds.sha256(text.encode()), **headers})


async def stream(request: web.Request) -> web.StreamResponse:
    lines = [f"line {number}\n".encode() for number in range(5)]
    response = web.StreamResponse(headers={**HEADERS, "X-Body-Sha256": kinds.sha256(b"".join(lines))})
    await response.prepare(request)
    for line in lines:
        await response.write(line)
    return response


async def echo(request: web.Request) -> web.Response:
    return page(kinds.sha256(await request.read()))


async def sockets(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str(f"7 production {message.data}")
    return socket


async def answer_page(request: web.Request) -> web.Response:
    return page(f"hello {request.host}")


def application(**handlers: Callable) -> web.Application:
    app = web.Application()
    app.router.add_get("/", handlers.get("page", answer_page))
    app.router.add_get("/slow", handlers.get("page", answer_page))
    app.router.add_post("/echo", handlers.get("echo", echo))
    app.router.add_get("/stream", handlers.get("stream", stream))
    app.router.add_get("/ws", handlers.get("sockets", sockets))
    return app


async def run_client(make: Callable[[tuple[str, int]], Client], port: int, at_least: int) -> list[Record]:
    records: list[Record] = []
    stopping = asyncio.Event()

    def write(record: Record) -> None:
        records.append(record)
        if len(records) >= at_least:
            stopping.set()

    client = make(("127.0.0.1", port))
    await client.prepare()
    async with asyncio.timeout(20):
        await client.run(write, stopping)
    return records


def against(app: web.Application, make: Callable[[tuple[str, int]], Client], *, at_least: int = 3) -> list[Record]:
    async def main() -> list[Record]:
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            return await run_client(make, runner.addresses[0][1], at_least)
        finally:
            await runner.cleanup()

    return asyncio.run(main())


def against_raw(serve: Raw, make: Callable[[tuple[str, int]], Client], *, at_least: int = 1) -> list[Record]:
    async def main() -> list[Record]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            return await run_client(make, server.sockets[0].getsockname()[1], at_least)

    return asyncio.run(main())


def keep_alive(address: tuple[str, int]) -> Client:
    return kinds.keep_alive("keep-alive 1", address, HOSTS, pause_seconds=0)


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


def test_a_web_socket_whose_time_is_over_at_once_still_says_who_answered():
    record = against(application(), lambda address: WebSocketClient("c", address, HOSTS, life_seconds=0), at_least=1)[0]
    assert (record.version, record.trouble) == ("7", None)


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


def test_a_web_socket_that_the_server_ends_is_cut():
    async def hang_up(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        heard = await socket.receive_str()
        await socket.send_str(f"7 production {heard}")
        await socket.close()
        return socket

    record = against(application(sockets=hang_up), lambda address: WebSocketClient("c", address, HOSTS), at_least=1)[0]
    assert (record.trouble, record.version) == (Trouble.CUT, "7")


def test_a_web_socket_that_changes_its_version_is_found():
    async def change(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for version in ("7", "8"):
            heard = await socket.receive_str()
            await socket.send_str(f"{version} production {heard}")
        await socket.receive()
        return socket

    record = against(application(sockets=change), lambda address: WebSocketClient("c", address, HOSTS), at_least=1)[0]
    assert (record.trouble, record.version) == (Trouble.MOVED, "7")


def accounts(*, forgets_after: int) -> web.Application:
    app = web.Application()
    asked = 0

    async def form(request: web.Request) -> web.Response:
        response = web.Response(text='<input type="hidden" name="csrfmiddlewaretoken" value="t0k">')
        response.set_cookie("csrftoken", "t0k")
        return response

    async def sign_in(request: web.Request) -> web.Response:
        fields = await request.post()
        assert (fields["csrfmiddlewaretoken"], request.cookies["csrftoken"]) == ("t0k", "t0k")
        if fields["password"] != "right":
            return web.Response(text="no")
        response = web.Response(status=302, headers={"Location": "/whoami"})
        response.set_cookie("sessionid", "s1")
        return response

    async def account(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if request.cookies.get("sessionid") != "s1" or asked > forgets_after:
            return web.Response(status=302, headers={"Location": "/sign-in"})
        return page("signed in as ada")

    app.router.add_get("/sign-in", form)
    app.router.add_post("/sign-in", sign_in)
    app.router.add_get("/whoami", account)
    return app


def person(password: str) -> Callable[[tuple[str, int]], Client]:
    return lambda address: SessionClient("session 1", address, HOSTS[0], user="ada", password=password, pause_seconds=0)


def test_a_session_that_is_kept_is_good():
    records = against(accounts(forgets_after=99), person("right"))
    assert [record.trouble for record in records] == [None, None, None]


def test_a_session_that_is_lost_is_found():
    records = against(accounts(forgets_after=2), person("right"))
    assert [record.trouble for record in records] == [None, None, Trouble.SIGNED_OUT]


def test_a_person_who_cannot_sign_in_stops_the_load():
    with pytest.raises(SignInFailed, match="answered 200 to the name and password"):
        against(accounts(forgets_after=0), person("wrong"))


def test_a_load_whose_client_cannot_prepare_says_so():
    class Unready:
        name = "unready"

        async def prepare(self) -> None:
            raise SignInFailed("no form")

        async def run(self, write: Callable[[Record], None], stopping: asyncio.Event) -> None:
            raise AssertionError("must not run")

    with pytest.raises(SignInFailed, match="no form"), Load([Unready()]):
        pass


def test_a_load_runs_beside_its_thread_and_ends_with_it():
    class Counting:
        name = "counting"

        async def prepare(self) -> None:
            pass

        async def run(self, write: Callable[[Record], None], stopping: asyncio.Event) -> None:
            while not stopping.is_set():
                write(Record("counting", "k", "c", "h", 0.0, 0.0))
                await asyncio.sleep(0.001)

    with Load([Counting()]) as load:
        while load.count < 3:
            pass
    ended_with = load.count
    assert ended_with >= 3
    assert len(load.records) == ended_with
