"""Whatever happens, a publishing client gets JSON with a code and a sentence."""

import errno

import pytest
from django.test import Client
from pytest import MonkeyPatch

from sites.models import Slot
from sites.publishing import views
from tests.domain import Domain
from tests.sites.publishing.test_views import basic, post_zip

HOST = "contoso-staging.scm.localhost"


@pytest.fixture
def staging(domain: Domain) -> Slot:
    return domain.staged()[1]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), RuntimeError("\x1b[31m"), MemoryError()])
def test_an_unforeseen_exception(domain: Domain, staging: Slot, monkeypatch: MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(views, "received", fail)
    client = Client(raise_request_exception=False)
    answer = client.post("/api/zipdeploy", b"zip", content_type="application/zip", HTTP_HOST=HOST, **basic(staging))
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/json")
    said = answer.json()
    assert said["code"] == "ServerFault" and said["message"].startswith(f"The request to {HOST} ended early")
    assert str(error) == "" or str(error) not in said["message"], "what failed inside is nobody else's"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/zipdeploy", 405, "Refused"),
        ("patch", "/api/zipdeploy", 405, "Refused"),
        ("post", "/api/deployments", 405, "Refused"),
        ("get", "/", 404, "NotFound"),
        ("get", "/api/nowhere", 404, "NotFound"),
        ("get", "/sites/", 404, "NotFound"),
        ("get", "/api/deployments/nonsense", 404, "NotFound"),
        ("get", "/api/deployments/a%00b", 400, "Refused"),
        ("post", "/api/zipdeploy?message=%00", 400, "Refused"),
    ],
)
def test_what_no_view_answers(staging: Slot, method: str, path: str, status: int, code: str) -> None:
    answer = getattr(Client(raise_request_exception=False), method)(path, HTTP_HOST=HOST, **basic(staging))
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
    assert answer.json()["code"] == code and answer.json()["message"].endswith(".")
    assert status != 405 or answer["Allow"] in answer.json()["message"]


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        ("fix header%0A%0Athe long story", "fix header the long story"),
        ("%20%20tab%09and%20blank%20", "tab and blank"),
        ("%0A", "Publication without a message"),
        ("gr%C3%BC%C3%9Fe%20%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB", "grüße 👩‍💻"),
    ],
)
def test_a_message_is_one_line(domain: Domain, staging: Slot, message: str, stored: str) -> None:
    address = f"/api/zipdeploy?isAsync=true&message={message}"
    body = domain.archive("three").read_bytes()
    answer = Client().post(address, body, content_type="application/zip", HTTP_HOST=HOST, **basic(staging))
    assert answer.status_code == 202, answer.content
    assert staging.workload.deployments.first().message == stored


@pytest.mark.parametrize("sign", ["%1B]0;PWN%07", "%C2%9B31m", "%E2%80%AE", "%E2%81%A6", "%7F", "%08"])
def test_a_message_with_control_characters_is_refused(domain: Domain, staging: Slot, sign: str) -> None:
    address = f"/api/zipdeploy?isAsync=true&message=a{sign}b"
    body = domain.archive("three").read_bytes()
    answer = Client().post(address, body, content_type="application/zip", HTTP_HOST=HOST, **basic(staging))
    assert (answer.status_code, answer.json()["code"]) == (400, "SettingRefused")
    assert "it contains the control character U+00" in answer.json()["message"].replace("U+20", "U+00")
    assert staging.workload.deployments.count() == 1


def test_an_ordinary_answer_stays_as_it_is(domain: Domain, staging: Slot) -> None:
    assert post_zip(domain, HOST, **basic(staging)).status_code == 202
    assert post_zip(domain, HOST).json()["code"] == "NotAuthenticated"
