"""A form is read as UTF-8; whoever names another encoding gets 400, and nobody gets a fault of ours."""

import pytest
from django.test import Client
from django.test.client import MULTIPART_CONTENT, encode_multipart

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "BoUnDaRyStRiNg"


def post(content_type: str) -> int:
    data = encode_multipart(BOUNDARY, {"login": "somebody", "password": "else"})
    body = data if content_type.startswith("multipart") else b"login=somebody&password=else"
    client = Client(SERVER_NAME="localhost", raise_request_exception=False, enforce_csrf_checks=True)
    client.get("/sign-in/")  # without its cookie nobody would read the form
    return int(client.generic("POST", "/sign-in/", body, content_type).status_code)


@pytest.mark.parametrize("kind", [MULTIPART_CONTENT, FORM])
@pytest.mark.parametrize("charset", ["zlib", "hex", "rot13", "idna", "undefined", "utf-16", "utf-7", "latin-1"])
def test_another_encoding_is_refused_whatever_it_is(db: None, kind: str, charset: str) -> None:
    assert post(f"{kind}; charset={charset}") == 400


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "no-such-encoding"])
def test_utf_8_and_what_is_no_encoding_are_read(db: None, charset: str) -> None:
    assert post(f"{MULTIPART_CONTENT}; charset={charset}") == 403, "the form has no token"
