"""Which host serves what, and what every answer carries."""

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from portal.middleware import HostMiddleware


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
    assert answer.content == b"inside"
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


def test_health_answers_at_every_host(middleware: HostMiddleware) -> None:
    assert ask(middleware, "127.0.0.1:8080", "/healthz").content == b"inside"


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
    answer = client.post("/sign-in/", {"username": "alice", "password": "alice"})
    assert answer.status_code == 403
    assert "nothing was changed" in answer.content.decode()
    part = client.post("/new/sample/", headers={"HX-Request": "true"})
    assert part.status_code == 403


@pytest.mark.parametrize("address", ["/sites/a%00b/production/dashboard/", "/sites/?q=%00", "/operations/?site=a%00"])
def test_an_address_with_a_nul_is_refused_before_a_database_sees_it(address: str) -> None:
    answer = Client(SERVER_NAME="localhost").get(address)
    assert answer.status_code == 400 and b"NUL" in answer.content
