"""A door in front of a small WSGI application, which says what it was given."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sites.door import uploads
from sites.door.application import Door, Limits
from tests.sites.door.asgi_client import SMALL, lanes, refuse, way_of


class Response(list):
    """A response as Django's are: closed by whoever sends it, and with a note."""

    streaming = False

    def __init__(self, pieces: list[bytes], note: object = None) -> None:
        super().__init__(pieces)
        self.door = note
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Application:
    """Admits whoever shows the name of a person; `calls` holds the environment of each call."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.responses: list[Response] = []
        self.answer: Callable[[dict[str, Any]], Response] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Response:
        body = environ["wsgi.input"].read()
        self.calls.append({**environ, "body": body})
        status, response = self._respond(environ, body)
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(b"".join(response))))])
        self.responses.append(response)
        return response

    def _respond(self, environ: dict[str, Any], body: bytes) -> tuple[str, Response]:
        if self.answer is not None:
            return "200 OK", self.answer(environ)
        if refusal := environ.get(uploads.REFUSAL):
            return "413 Content Too Large", Response([str(refusal).encode()])
        if environ.get(uploads.ASKING):
            person = environ.get("HTTP_X_PERSON")
            if person == "nobody":
                return "303 See Other", Response([b""])
            if not person:
                return "401 Unauthorized", Response([b"who are you?"])
            return "100 Continue", Response([b""], uploads.Admitted(person))
        return "200 OK", Response([json.dumps({"size": len(body)}).encode()])


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def make_door(application: Application, tmp_path: Path) -> Iterator[Callable[..., Door]]:
    """Makes a door of small limits."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    made: list[Door] = []

    def make(limits: Limits = SMALL, threads: int = 2) -> Door:
        made.append(Door(application, way_of, refuse, lanes(threads), limits, folder))
        return made[-1]

    yield make
    for door in made:
        for lane in door.lanes.values():
            lane.close()
        door.threads.shutdown()


@pytest.fixture
def door(make_door: Callable[..., Door]) -> Door:
    return make_door()
