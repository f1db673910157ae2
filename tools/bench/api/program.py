"""A program that asks the API of the running portal, and compares each answer with the description."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from tools.bench.api.description import Answer, Description
from tools.demo.operations import OperationFailed

PREFIX = "/api/v1"
LIMIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the portal answers."""

    port: int
    host: str
    """With the port, as in the header Host."""


@dataclass
class Seen:
    """What was answered, of all programs that share it."""

    description: Description
    answers: int = 0
    faults: list[str] = field(default_factory=list)

    def note(self, method: str, path: str, answer: Answer) -> None:
        """Judge one answer."""
        self.answers += 1
        self.faults += self.description.faults(method, path, answer)


class Program:
    """A context manager: one connection that is kept open, and one access token."""

    def __init__(self, place: Place, token: str, seen: Seen) -> None:
        self._headers = {"Host": place.host, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._seen = seen
        self._connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=LIMIT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def ask(
        self,
        method: str,
        path: str,
        names: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, object] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """`path` is that of the description; `names` are put in its {names}."""
        address = path.format(**(names or {})) + (f"?{urlencode(query)}" if query else "")
        sent = None if body is None else json.dumps(body).encode()
        answer = self._send(method, address, sent, {**self._headers, **(headers or {})})
        self._seen.note(method, path, answer)
        return answer

    def _send(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        self._connection.request(method, address, body, headers)
        found = self._connection.getresponse()
        return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())

    def get(
        self, path: str, names: Mapping[str, str] | None = None, query: Mapping[str, object] | None = None
    ) -> Answer:
        """What is answered 200. Raises OperationFailed for any other answer."""
        return expect(self.ask("GET", path, names, query=query), HTTPStatus.OK)


def expect(answer: Answer, status: int) -> Answer:
    """The answer itself. Raises OperationFailed when it has another status."""
    if answer.status != status:
        raise OperationFailed(f"The API answered {answer.status} in place of {status}: {answer.body[:500]!r}")
    return answer


def describe(place: Place) -> Description:
    """The description as the portal serves it. Raises OperationFailed."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=LIMIT_SECONDS)
    try:
        connection.request("GET", f"{PREFIX}/openapi.json", headers={"Host": place.host})
        found = connection.getresponse()
        if found.status != HTTPStatus.OK:
            raise OperationFailed(f"The description of the API was answered {found.status}.")
        return Description(json.loads(found.read()))
    finally:
        connection.close()
