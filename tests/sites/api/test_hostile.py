"""Whatever is sent, the answer is a code and a sentence, and nothing is changed."""

import json
import re

import pytest
from django.http import HttpResponse
from django.test import Client

from portal.at_the_door import refuse
from sites.door.head import Head
from sites.errors import RequestTooLarge
from sites.models import Operation, Slot
from tests.domain import Domain
from tests.sites.api.program import PREFIX, Program

SWAP = "/sites/contoso/swap"


def is_refusal(answer: HttpResponse) -> bool:
    said = answer.json()
    faults = [fault.keys() for fault in said.get("errors", [])]
    is_described = all(
        keys in ({"pointer", "caption", "message"}, {"parameter", "caption", "message"}) for keys in faults
    )
    is_sentence = said.keys() - {"errors"} == {"code", "message"} and said["message"].endswith(".")
    return 400 <= answer.status_code < 500 and is_sentence and is_described


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b'{"preview": "maybe"}',
        b'{"unknown": 1}',
        b'{"if_staging": "' + b"1" * 5000 + b'"}',
        b'{"if_staging": ' + b"1" * 5000 + b"}",
        b'{"slot": "a\\u0000b"}',
        b'{"slot": "\\ud800"}',
        b'{"slot": "../production"}',
        b"[" * 100_000,
        b'{"preview": NaN}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_none_is_refused(
    domain: Domain, program: Program, slots: tuple[Slot, Slot], body: bytes
) -> None:
    count = Operation.objects.count()
    assert is_refusal(program.ask("POST", SWAP, body))
    assert Operation.objects.count() == count


@pytest.mark.parametrize(
    "path",
    [
        "/sites/a%00b",
        "/sites/%ff",
        "/sites/../../admin",
        "/sites/" + "a" * 5000,
        "/sites/contoso/slots/a%2Fb",
        "/operations/7",
        "/operations/" + "1" * 5000,
        "/sites?page=" + "9" * 5000,
        "/sites?page=0",
        "/sites?page=-1",
        "/sites?per_page=101",
        "/sites?page=1%00",
        "/operations?site=a%00b",
        "/operations?state=nonsense",
        "/sites/contoso/compare?slot=%ed%a0%80",
        "/sites/contoso/compare?slot=production",
    ],
)
def test_an_address_that_is_none_is_refused(program: Program, slots: tuple[Slot, Slot], path: str) -> None:
    assert is_refusal(program.get(path))


def test_a_zero_byte_in_a_setting_is_refused(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    for body in ({"app_settings": {"KEY": "a\0b"}}, {"app_settings": {"K\0": "x"}}, {"mounts": {"m": "/a\0"}}):
        assert is_refusal(program.patch("/sites/contoso/slots/staging/settings", body))


def test_no_header_makes_another_method_of_a_request(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    for header in ("X_HTTP_Method_Override", "X_Method_Override", "X_HTTP_Method"):
        answer = program.get("/sites/contoso?typed_name=contoso", **{header: "DELETE"})
        assert answer.status_code == 200 and answer.json()["name"] == "contoso"
    posted = program.post("/sites/contoso?_method=DELETE&typed_name=contoso")
    assert (posted.status_code, posted.json()["code"]) == (405, "Refused") and posted["Allow"]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "GET HTTP/1.1"])
def test_no_other_method_is_taken(program: Program, method: str) -> None:
    assert is_refusal(program.ask(method, "/sites"))


def test_the_methods_of_the_api_are_those_of_the_api_alone(domain: Domain) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        answer = Client(SERVER_NAME="localhost").generic(method, "/sites/")
        assert answer.status_code == 405


def test_a_fault_of_our_own_is_told_as_json_without_its_text(
    program: Program, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("sites.api.routes.sites.describe_site", broken)
    program.client.raise_request_exception = False
    answer = program.get("/sites/contoso")
    assert (answer.status_code, answer.json()["code"]) == (500, "ServerFault")
    assert b"secret detail" not in answer.content and "/api/v1/operations" in answer.json()["message"]


def test_the_door_refuses_in_the_same_form() -> None:
    asked = {"type": "http", "http_version": "1.1", "method": "POST", "path": f"{PREFIX}/sites", "query_string": b""}
    head = Head({**asked, "headers": [(b"host", b"localhost:8080")]})
    answer = refuse(head, RequestTooLarge(limit="2 MB"))
    assert answer.status == 413 and json.loads(answer.body).keys() == {"code", "message"}


def test_no_answer_quotes_what_acts_on_a_terminal(program: Program, slots: tuple[Slot, Slot]) -> None:
    answer = program.ask("POST", SWAP, b'{"\\u001b[31mred": 1}')
    said = answer.json()
    assert is_refusal(answer)
    texts = [said["message"], *(fault[key] for fault in said["errors"] for key in ("caption", "message"))]
    assert not [text for text in texts if re.search(r"[\x00-\x1f\x7f-\x9f]", text)]
