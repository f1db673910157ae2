"""An answer is a fault where it differs from its description, and only there."""

import pytest

from tools.bench.api.description import Answer, Description

SHAPES = {"Site": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}}
SITE = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Site"}}}}
DESCRIPTION = Description(
    {
        "paths": {
            "/sites/{name}": {"get": {"responses": {"200": SITE, "500": SITE}}, "delete": {"responses": {"204": {}}}},
            "/log": {"get": {"responses": {"200": {"content": {"text/plain": {"schema": {"type": "string"}}}}}}},
            "/stream": {"get": {"responses": {"200": {"content": {"text/event-stream": {}}}}}},
        },
        "components": {"schemas": SHAPES},
    }
)
JSON = "application/json; charset=utf-8"


def faults(method: str, path: str, status: int, kind: str, body: bytes) -> list[str]:
    return DESCRIPTION.faults(method, path, Answer(status, {"content-type": kind}, body))


def test_answers_as_described_have_no_fault() -> None:
    assert not faults("GET", "/sites/{name}", 200, JSON, b'{"name": "contoso"}')
    assert not faults("GET", "/log", 200, "text/plain", b"not JSON")
    assert not faults("DELETE", "/sites/{name}", 204, "", b"")


@pytest.mark.parametrize(
    ("method", "status", "kind", "body", "said"),
    [
        ("GET", 200, JSON, b'{"name": 1}', "at 'name'"),
        ("GET", 200, JSON, b"{}", '"name" is a required property'),
        ("GET", 200, JSON, b"<html>", "is not JSON"),
        ("GET", 200, "text/html", b"{}", "is 'text/html'"),
        ("GET", 201, JSON, b'{"name": "contoso"}', "is not described"),
        ("GET", 500, JSON, b'{"name": "contoso"}', "is a fault of the server"),
        ("POST", 200, JSON, b"{}", "is not described"),
        ("DELETE", 204, JSON, b"{}", "none is described"),
    ],
)
def test_every_other_answer_has_one(method: str, status: int, kind: str, body: bytes, said: str) -> None:
    (fault,) = faults(method, "/sites/{name}", status, kind, body)
    assert fault.startswith(f"{method} /sites/{{name}}: {status} ")
    assert said in fault


def test_streams_are_not_read() -> None:
    assert list(DESCRIPTION.reads()) == ["/sites/{name}", "/log"]
