"""What the door does with a body before Django sees the request, and with the answer after it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sites.door import bodies, incoming, uploads
from sites.door.answer import Endless, Held, Streamed
from sites.door.application import Door
from sites.door.bodies import HEAD_BYTES
from sites.door.head import ALIVE_HOST
from tests.sites.door.asgi_client import SMALL, AsgiClient
from tests.sites.door.conftest import Application, Response

BOB = {"X-Person": "bob"}
CHUNKED = {"Transfer-Encoding": "chunked"}
EXPECT = {"Expect": "100-continue"}
PIECE = b"x" * 50_000


def left_in(door: Door) -> list[Path]:
    return list(door.folder.iterdir())


def visit(door: Door, client: AsgiClient) -> AsgiClient:
    return asyncio.run(asyncio.wait_for(client.visit(door), 60))


def sent(path: str, pieces: int, **headers: str) -> AsgiClient:
    """A POST of so many pieces, with its length."""
    length = {"Content-Length": str(len(PIECE) * pieces)}
    return AsgiClient("POST", path, length | {key.replace("_", "-"): v for key, v in headers.items()}, [PIECE] * pieces)


def test_a_request_without_a_body_goes_straight_through(door: Door, application: Application) -> None:
    client = visit(door, AsgiClient(headers={"X-Name": "value", "X_Forged": "1", "X-Forwarded-Proto": "https"}))
    assert (client.status, client.body, client.is_answered) == (200, b'{"size": 0}', True)
    environ = application.calls[0]
    assert (environ["HTTP_X_NAME"], environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == (
        "value",
        "192.0.2.1",
        "https",
    )
    assert "HTTP_X_FORGED" not in environ
    assert application.responses[0].is_closed


def test_an_answer_that_comes_bit_by_bit_is_sent_on_and_ends_also_without_its_client(
    door: Door, application: Application
) -> None:
    ended = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            yield b"one "
            await asyncio.sleep(0)
            yield b"two"
        finally:
            ended.append(True)

    application.answer = lambda environ: Response([b""], Streamed(pieces))
    client = visit(door, AsgiClient())
    assert (client.body, client.is_answered, ended) == (b"one two", True, [True])
    assert "content-length" not in client.headers


@pytest.mark.parametrize("headers", [{"Content-Length": "150000"}, CHUNKED], ids=["length", "chunked"])
def test_a_body_is_whole_when_the_application_sees_it(
    door: Door, application: Application, headers: dict[str, str]
) -> None:
    visit(door, AsgiClient("POST", "/form", headers, [PIECE] * 3))
    assert application.calls[0]["CONTENT_LENGTH"] == "150000"
    assert application.calls[0]["body"] == PIECE * 3
    assert "HTTP_TRANSFER_ENCODING" not in application.calls[0]
    assert door.memory.taken == 0


@pytest.mark.parametrize("headers", [{"Content-Length": "300000"}, CHUNKED], ids=["length", "chunked"])
def test_a_form_beyond_its_limit_is_refused_and_read_to_its_end(
    door: Door, application: Application, headers: dict[str, str]
) -> None:
    client = visit(door, AsgiClient("POST", "/form", headers, [PIECE] * 6))
    assert client.status == 413
    assert b"larger than 195.3 KB, the limit for forms. Nothing was changed." in client.body
    assert client.asked >= 7
    assert not application.calls


@pytest.mark.parametrize("headers", [{"Content-Length": "900000"}, CHUNKED], ids=["length", "chunked"])
def test_an_upload_is_asked_for_and_then_lies_in_a_file(
    door: Door, application: Application, headers: dict[str, str]
) -> None:
    client = visit(door, AsgiClient("POST", "/upload", headers | BOB, [PIECE] * 18))
    assert client.body == b'{"size": 900000}'
    asking, taking = application.calls
    assert asking[uploads.ASKING] is True
    assert len(asking["body"]) < HEAD_BYTES + len(PIECE)
    assert (taking["CONTENT_LENGTH"], taking["body"]) == ("900000", PIECE * 18)
    assert taking[uploads.FILE].parent == door.folder
    assert (left_in(door), door.disk.taken) == ([], 0)


def test_a_head_request_gets_the_length_and_no_body(door: Door) -> None:
    client = visit(door, AsgiClient("HEAD"))
    assert (client.status, client.headers["content-length"], client.body) == (200, "11", b"")


def test_where_nobody_looks_at_a_body_the_answer_does_not_wait_for_it(door: Door, application: Application) -> None:
    application.answer = lambda _: Response([b"there is nothing here"])
    client = visit(door, AsgiClient("POST", "/elsewhere", {"Content-Length": "1500000"}, [PIECE] * 30))
    assert (client.body, client.is_answered) == (b"there is nothing here", True)
    assert application.calls[0]["CONTENT_LENGTH"] == "0"
    assert client.asked >= 30  # and it was read to its end


def test_a_small_upload_needs_no_question_and_no_file(door: Door, application: Application) -> None:
    visit(door, sent("/upload", 1))
    assert [uploads.ASKING in call for call in application.calls] == [False]


def test_a_strangers_upload_is_answered_at_once_and_nothing_of_it_is_kept(door: Door) -> None:
    async def try_it() -> None:
        client = AsgiClient("POST", "/upload", CHUNKED, [PIECE] * 2, is_whole=False)
        visiting = asyncio.create_task(client.visit(door))
        while not client.status:
            await asyncio.sleep(0.01)
        assert (client.status, client.body, client.is_answered) == (401, b"who are you?", False)
        assert "content-length" not in client.headers
        for _ in range(10):
            client.feed(PIECE)
        client.end()
        await visiting
        assert client.is_answered
        assert (left_in(door), door.dropping) == ([], 0)

    asyncio.run(asyncio.wait_for(try_it(), 60))


def test_who_waits_for_100_continue_is_asked_nothing_before_the_401(door: Door) -> None:
    client = visit(door, AsgiClient("POST", "/upload", {"Content-Length": "900000", **EXPECT}, is_whole=False))
    assert (client.status, client.asked) == (401, 0)


def test_who_waits_for_100_continue_and_may_is_asked_to_go_on(door: Door) -> None:
    client = visit(door, AsgiClient("POST", "/upload", {**CHUNKED, **EXPECT, **BOB}, [PIECE] * 5))
    assert client.body == b'{"size": 250000}'


@pytest.mark.parametrize("headers", [{"Content-Length": "1200000"}, CHUNKED], ids=["length", "chunked"])
def test_an_upload_beyond_the_limit_is_refused_in_the_views_words(
    door: Door, application: Application, headers: dict[str, str]
) -> None:
    client = visit(door, AsgiClient("POST", "/upload", headers | BOB, [PIECE] * 24))
    assert client.status == 413
    assert b"The upload is larger than 976.6 KB" in client.body
    assert client.is_answered
    assert (left_in(door), door.disk.taken) == ([], 0)


def test_the_fields_beside_a_file_are_kept_for_who_has_to_sign_in_again(door: Door, application: Application) -> None:
    pieces = [b"first" + PIECE, *[PIECE] * 9, PIECE + b"last"]
    client = visit(door, AsgiClient("POST", "/upload", {**CHUNKED, "X-Person": "nobody"}, pieces))
    assert client.status == 200  # what this application answers to the second call
    cut = application.calls[1]
    assert cut[uploads.CUT] is True
    assert cut["body"].startswith(b"first") and cut["body"].endswith(b"last")
    assert len(cut["body"]) < 4 * HEAD_BYTES


def test_one_person_sends_a_few_uploads_at_once_and_others_are_not_hindered(door: Door) -> None:
    async def try_it() -> None:
        clients = [
            AsgiClient("POST", "/upload", CHUNKED | {"X-Person": person}, [PIECE] * 2, is_whole=False)
            for person in ("bob", "bob", "eve")
        ]
        visiting = [asyncio.create_task(client.visit(door)) for client in clients]
        while sum(door.disk._uploads.values()) < 3:
            await asyncio.sleep(0.01)
        third = await sent("/upload", 2, X_Person="bob").visit(door)
        assert b"2 uploads with these credentials are being received already" in third.body
        for client in clients:
            client.end()
        await asyncio.gather(*visiting)
        assert {client.status for client in clients} == {200}

    asyncio.run(asyncio.wait_for(try_it(), 60))


def test_a_client_that_goes_away_leaves_nothing(door: Door, application: Application) -> None:
    client = AsgiClient("POST", "/upload", CHUNKED | BOB, [PIECE] * 4, is_whole=False)
    client.leave()
    visit(door, client)
    assert client.status == 0
    assert (left_in(door), door.disk.taken, len(door.senders)) == ([], 0, 0)
    assert len(application.calls) == 1


def test_a_body_that_does_not_come_is_ended(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "WINDOW_SECONDS", 0.05)
    client = visit(door, AsgiClient("POST", "/form", {"Content-Length": "100"}, [b"a"], is_whole=False))
    assert client.status == 408
    assert b"arrived too slowly and was ended: at least 1 KB a second must come. Nothing was changed." in client.body
    assert len(door.senders) == 0


def test_an_upload_that_stops_is_ended_in_the_views_words(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "WINDOW_SECONDS", 0.05)
    client = visit(door, AsgiClient("POST", "/upload", CHUNKED | BOB, [PIECE] * 4, is_whole=False))
    assert b"arrived too slowly" in client.body
    assert left_in(door) == []


def test_a_crowd_of_slow_senders_makes_room_for_who_comes(door: Door) -> None:
    async def try_it() -> None:
        slow = [
            AsgiClient("POST", "/form", {"Content-Length": "100"}, [b"a" * number], is_whole=False)
            for number in range(1, 5)
        ]
        visiting = []
        for client in slow:
            visiting.append(asyncio.create_task(client.visit(door)))
            await asyncio.sleep(0.01)
        late = AsgiClient("POST", "/form", {"Content-Length": "100"}, [b"b" * 50], is_whole=False)
        visiting.append(asyncio.create_task(late.visit(door)))
        await asyncio.wait(visiting, return_when=asyncio.FIRST_COMPLETED)
        assert slow[0].status == 408
        assert [client.status for client in [*slow[1:], late]] == [0, 0, 0, 0]
        late.end()
        for client in slow[1:]:
            client.end()
        await asyncio.gather(*visiting)
        assert late.status == 200

    asyncio.run(asyncio.wait_for(try_it(), 60))


def test_memory_is_for_all_and_is_given_back(make_door: Callable[..., Door]) -> None:
    beyond = 3 * len(PIECE) - HEAD_BYTES
    door = make_door(replace(SMALL, memory=3 * beyond))

    async def try_it() -> None:
        clients = [AsgiClient("POST", "/form", CHUNKED, [PIECE] * 3, is_whole=False) for _ in range(3)]
        visiting = [asyncio.create_task(client.visit(door)) for client in clients]
        while door.memory.taken < 3 * beyond:
            await asyncio.sleep(0.01)
        refused = await AsgiClient("POST", "/form", CHUNKED, [PIECE] * 3).visit(door)
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        for client in clients:
            client.end()
        await asyncio.gather(*visiting)
        assert door.memory.taken == 0

    asyncio.run(asyncio.wait_for(try_it(), 60))


def test_a_full_disk_is_a_sentence(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sites.content.uploads.settings.DISK_RESERVE", 2**60)
    client = visit(door, sent("/upload", 6, **{"X-Person": "bob"}))
    assert b"are kept in reserve. Nothing was changed" in client.body
    assert left_in(door) == []


def test_an_answer_that_is_held_is_given_when_it_can_be_and_holds_no_thread(
    make_door: Callable[..., Door], application: Application
) -> None:
    door = make_door(threads=1)

    async def try_it() -> None:
        ended = asyncio.Event()

        class Later:
            status_code, reason_phrase, streaming = 201, "Created", False

            def items(self) -> list[tuple[str, str]]:
                return [("Content-Length", "4")]

            def __iter__(self):  # type: ignore[no-untyped-def]
                return iter([b"done"])

            def close(self) -> None:
                pass

        application.answer = lambda _: Response([b"wait"], Held(lambda: _wait(ended), Later))
        waiting = [AsgiClient() for _ in range(5)]
        visiting = [asyncio.create_task(client.visit(door)) for client in waiting]
        while len(application.calls) < 5:
            await asyncio.sleep(0.01)
        application.answer = None
        assert (await AsgiClient().visit(door)).status == 200  # the only thread is free
        gone = waiting[-1]
        gone.leave()
        await visiting[-1]
        assert gone.status == 0
        ended.set()
        await asyncio.gather(*visiting)
        assert {(client.status, client.body) for client in waiting[:-1]} == {(201, b"done")}
        assert waiting[0].headers["content-type"] == "application/json"

    asyncio.run(asyncio.wait_for(try_it(), 60))


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


def test_what_a_killed_server_left_is_removed_at_the_start(door: Door) -> None:
    (door.folder / f"{bodies.PREFIX}left").write_bytes(b"x")
    (door.folder / "other").write_bytes(b"x")

    async def live() -> None:
        said: list[str] = []
        wanted = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, str]:
            return {"type": next(wanted)}

        async def send(message: dict[str, str]) -> None:
            said.append(message["type"])

        await door({"type": "lifespan"}, receive, send)
        assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    asyncio.run(live())
    assert [path.name for path in left_in(door)] == ["other"]


def test_up_learns_that_the_door_is_alive_without_a_thread(make_door: Callable[..., Door]) -> None:
    door = make_door(threads=1)
    for lane in door.lanes.values():
        lane.close()
    assert visit(door, AsgiClient(host=ALIVE_HOST)).status == 204


def endless(*pieces: bytes, ends: bool = True) -> Endless:
    async def produce() -> AsyncGenerator[bytes]:
        for piece in pieces:
            yield piece
        if not ends:
            await asyncio.Event().wait()

    return Endless(produce)


def test_an_endless_answer_goes_on_after_its_body_and_has_no_length(door: Door, application: Application) -> None:
    application.answer = lambda _: Response([b"hello\n"], endless(b"one\n", b"two\n"))
    client = visit(door, AsgiClient())
    assert (client.body, client.is_answered) == (b"hello\none\ntwo\n", True)
    assert "content-length" not in client.headers
    assert visit(door, AsgiClient("HEAD")).body == b""


def test_an_endless_answer_ends_when_its_client_goes(door: Door, application: Application) -> None:
    application.answer = lambda _: Response([b"hello\n"], endless(b"one\n", ends=False))

    async def scene() -> AsgiClient:
        client = AsgiClient()
        visiting = asyncio.create_task(client.visit(door))
        while client.body != b"hello\none\n":
            await asyncio.sleep(0.001)
        client.leave()
        return await visiting

    assert not asyncio.run(asyncio.wait_for(scene(), 60)).is_answered


def test_a_client_that_does_not_read_an_endless_answer_is_left(
    door: Door, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sites.door.application.READING_SECONDS", 0.01)
    application.answer = lambda _: Response([b"hello\n"], endless(b"one\n", b"two\n"))

    class Unread(AsgiClient):
        async def _send(self, message: dict[str, Any]) -> None:
            if message.get("body") == b"one\n":
                await asyncio.Event().wait()
            await super()._send(message)

    client = visit(door, Unread())
    assert (client.body, client.is_answered) == (b"hello\n", False)
