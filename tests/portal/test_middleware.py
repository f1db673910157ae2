"""Which host serves what, and what every answer carries."""

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from portal.middleware import PORTAL_HEADER, HostMiddleware
from sites.models import Site
from tests.domain import Domain


@pytest.fixture
def seen() -> list[HttpRequest]:
    return []


@pytest.fixture
def middleware(seen: list[HttpRequest]) -> HostMiddleware:
    def respond(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse("inside")

    return HostMiddleware(respond)


def ask(middleware: HostMiddleware, host: str, path: str = "/sites/?q=a") -> HttpResponse:
    return middleware(RequestFactory().get(path, headers={"host": host, "cookie": "greenroom-session=stolen"}))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "localhost.:8080"])
def test_the_portals_host_shows_the_portal(middleware: HostMiddleware, seen: list[HttpRequest], host: str) -> None:
    answer = ask(middleware, host)
    assert answer.content == b"inside" and answer[PORTAL_HEADER] == "1"
    assert getattr(seen[0], "urlconf", None) is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1:8080", "http://localhost:8080/sites/?q=a"),
        ("[::1]:8080", "http://localhost:8080/sites/?q=a"),
        ("127.0.0.1", "http://localhost/sites/?q=a"),
        ("[::1]", "http://localhost/sites/?q=a"),
    ],
)
def test_a_loopback_address_leads_to_the_portals_host(middleware: HostMiddleware, host: str, address: str) -> None:
    answer = ask(middleware, host)
    assert (answer.status_code, answer["Location"]) == (302, address)


def test_health_answers_at_the_portals_hosts_and_nowhere_else(
    middleware: HostMiddleware, seen: list[HttpRequest]
) -> None:
    for host in ("localhost", "127.0.0.1:8080", "[::1]:8080"):
        assert ask(middleware, host, "/healthz").content == b"inside"
    assert ask(middleware, "evil.example", "/healthz").status_code == 404
    ask(middleware, "contoso.scm.localhost", "/healthz")
    assert seen[-1].urlconf == settings.PUBLISHING_URLCONF


@pytest.mark.parametrize("host", ["contoso.localhost", "evil.example", "localhost.evil.example", "scm.localhost"])
def test_no_other_host_shows_the_portal(middleware: HostMiddleware, seen: list[HttpRequest], host: str) -> None:
    answer = ask(middleware, host)
    assert answer.status_code == 404
    assert seen == []


def test_publishing_hosts_have_their_own_addresses_and_no_session(
    middleware: HostMiddleware, seen: list[HttpRequest]
) -> None:
    ask(middleware, "contoso.scm.localhost:8080")
    assert seen[0].urlconf == settings.PUBLISHING_URLCONF
    assert seen[0].COOKIES == {}


def test_the_portal_is_not_to_be_found_at_a_publishing_host(db: None) -> None:
    answer = Client().get("/sign-in/", headers={"host": "contoso.scm.localhost"})
    assert answer.status_code == 404


def test_every_page_forbids_what_it_does_not_need(db: None) -> None:
    answer = Client(SERVER_NAME="localhost").get("/sign-in/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    text = answer.content.decode()
    assert "<style" not in text and " style=" not in text and "<script>" not in text


def test_a_form_without_its_token_is_refused_with_a_sentence(db: None) -> None:
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    answer = client.post("/sign-in/", {"login": "alice", "password": "alice"})
    assert answer.status_code == 403
    assert "nothing was changed" in answer.content.decode()
    part = client.post("/new/sample/", headers={"HX-Request": "true"})
    assert part.status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "evil.example", "contoso.scm.localhost"])
def test_no_answer_can_be_framed_or_taken_for_something_else(middleware: HostMiddleware, host: str) -> None:
    answer = ask(middleware, host)
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "object-src 'none'; base-uri 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_who_was_refused_what_stands_in_the_log(
    domain: Domain, contoso: Site, bob: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert bob.post("/sites/contoso/staging/stop/").status_code == 403
    assert "POST /sites/contoso/staging/stop/ was refused to bob: You may look at 'contoso" in caplog.text
    headers = {"HTTP_HOST": "contoso.scm.localhost", "HTTP_AUTHORIZATION": "Basic bWFsbG9yeTpodW50ZXIy"}
    assert Client().post("/api/zipdeploy", **headers).status_code == 401
    assert "Publishing to contoso.scm.localhost from 127.0.0.1 was refused to another user." in caplog.text
    assert "hunter2" not in caplog.text and "mallory" not in caplog.text, "one of them may be a password"
