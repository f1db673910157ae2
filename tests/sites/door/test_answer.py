"""Answers are whole before they are sent: who reads slowly keeps no thread and no connection to the database."""

import asyncio
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from sites.door.answer import refusal_as
from sites.door.head import Head
from sites.door.wsgi import call
from sites.errors import ServerBusy

SEEN: list[str] = []


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[bytes]:
        for number in range(1000):
            yield b"%d\n" % number * 100
        SEEN.append("written to its end")

    return StreamingHttpResponse(lines(), content_type="text/csv")


class Watched(io.BytesIO):
    def close(self) -> None:
        SEEN.append("closed")
        super().close()


def filed(request: HttpRequest) -> FileResponse:
    return FileResponse(Watched(b"x" * 200_000), content_type="text/plain")


def plain(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(f"{request.method} {request.scheme} {request.META['REMOTE_ADDR']}")
    answer.set_cookie("a", "b")
    answer.set_cookie("c", "d")
    return answer


urlpatterns = [path("streamed", streamed), path("filed", filed), path("plain", plain)]


def ask(where: str, folder: Path):  # type: ignore[no-untyped-def]
    SEEN.clear()
    head = Head(
        {
            "method": "GET",
            "path": where,
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(b"host", b"portal.test"), (b"x-forwarded-for", b"192.0.2.1")],
        }
    )
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        return call(WSGIHandler(), head, b"", {}, folder)


def read(answer) -> bytes:  # type: ignore[no-untyped-def]
    async def pieces() -> bytes:
        with ThreadPoolExecutor(1) as threads:
            return b"".join([piece async for piece in answer.pieces(threads)])

    return asyncio.run(pieces())


@pytest.mark.django_db
def test_what_is_written_while_it_is_sent_is_written_to_its_end_first(tmp_path: Path) -> None:
    answer = ask("/streamed", tmp_path)
    assert SEEN == ["written to its end"]
    assert read(answer).count(b"\n") == 100_000
    answer.close()


@pytest.mark.django_db
def test_a_file_is_read_as_it_is_sent_and_closed_after_it(tmp_path: Path) -> None:
    answer = ask("/filed", tmp_path)
    assert not isinstance(answer.body, bytes)
    assert read(answer) == b"x" * 200_000
    answer.close()
    assert "closed" in SEEN


@pytest.mark.django_db
def test_every_cookie_has_a_header_of_its_own(tmp_path: Path) -> None:
    answer = ask("/plain", tmp_path)
    assert (answer.status, answer.body) == (200, b"GET http 192.0.2.1")
    cookies = [value for name, value in answer.headers if name == b"set-cookie"]
    assert [value.partition(b";")[0] for value in cookies] == [b"a=b", b"c=d"]


def test_a_refusal_of_the_door_says_when_to_come_again() -> None:
    answer = refusal_as(ServerBusy(what="uploads"), "text/plain", "busy")
    assert dict(answer.headers)[b"retry-after"] == b"5"
