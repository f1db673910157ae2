"""What the portal answers at the host names of slots: a visitor's password, and the way back from the sign-in."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from portal import visits
from sites.models import HostName, Others, Site, Slot
from sites.services import visitors
from tests.domain import Domain

HOST = "contoso-staging.localhost"
PASSWORD = "correct horse"


@pytest.fixture
def staging(contoso: Site) -> Slot:
    """Asks for the password."""
    return contoso.slots.get(name="staging")


def save(domain: Domain, slot: Slot, others: str, password: str | None = None) -> None:
    visitors.save_visitors(acting_user=domain.alice, slot=slot, others=others, addresses=[], password=password)


def typed(password: str, path: str = "/a?b=1", host: str = HOST, **headers: str) -> HttpResponse:
    body = {"password": password, "next": path}
    kind = "application/x-www-form-urlencoded"
    client = Client(SERVER_NAME=host, enforce_csrf_checks=True)
    return client.post("/.greenroom/visitors/password", "&".join(f"{k}={v}" for k, v in body.items()), kind, **headers)


def test_the_right_password_gives_a_pass_and_leads_on(domain: Domain, staging: Slot) -> None:
    save(domain, staging, Others.PASSWORD, PASSWORD)
    answer = typed(PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/a?b=1")
    cookie = answer.cookies["greenroom_visitor"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["domain"]) == (True, "Lax", "", "")
    assert answer.cookies.keys() == {"greenroom_visitor"}
    by_tls = typed(PASSWORD, HTTP_X_FORWARDED_PROTO="https").cookies["__Host-greenroom_visitor"]
    assert (by_tls["secure"], by_tls["path"], by_tls["domain"]) == (True, "/", "")


@pytest.mark.parametrize(
    "path",
    [
        *("//evil.example/", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:1", ""),
        *(
            "/%09/evil.example/",
            "/%0a/evil.example/",
            "/%0d%0aX:y",
            "/%00",
            "%09//evil.example/",
            "/" + "%C3%A4" * 1000,
        ),
    ],
)
def test_nobody_is_led_to_another_host(domain: Domain, staging: Slot, path: str) -> None:
    save(domain, staging, Others.PASSWORD, PASSWORD)
    assert typed(PASSWORD, path).headers["Location"] == "/"


@pytest.mark.parametrize(
    ("path", "led"), [("/%C3%A4?q=%C2%B5", "/%C3%A4?q=%C2%B5"), ("/a%2520b?c=%25", "/a%20b?c=%"), ("/a+b", "/a%20b")]
)
def test_a_path_of_ones_own_is_led_to_as_it_is(domain: Domain, staging: Slot, path: str, led: str) -> None:
    save(domain, staging, Others.PASSWORD, PASSWORD)
    assert typed(PASSWORD, path).headers["Location"] == led


def test_all_names_under_a_wildcard_share_the_tries_of_their_slot(
    domain: Domain, staging: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    HostName.objects.create(name="*.fabrikam.example", slot=staging, kind="custom")
    save(domain, staging, Others.PASSWORD, PASSWORD)
    monkeypatch.setattr(visits, "FROM_ADDRESS", visits.buckets.Limit("visitors from address", 2))
    monkeypatch.setattr(visits, "TO_SLOT", visits.buckets.Limit("visitors to slot", 3))
    names = [f"n{number}.fabrikam.example" for number in range(5)]
    assert [typed("wrong", host=name).status_code for name in names[:3]] == [403, 403, 429]
    elsewhere = [typed("wrong", host=name, REMOTE_ADDR="192.0.2.7").status_code for name in names[3:]]
    assert elsewhere == [403, 429]


def test_a_wrong_password_is_said_and_few_are_looked_at(
    domain: Domain, staging: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(domain, staging, Others.PASSWORD, PASSWORD)
    monkeypatch.setattr(visits, "FROM_ADDRESS", visits.buckets.Limit("visitors from address", 2))
    for _ in range(2):
        answer = typed("wrong")
        assert answer.status_code == 403 and not answer.cookies
        assert "That is not the password" in answer.content.decode()
    limited = typed(PASSWORD)
    assert limited.status_code == 429 and int(limited.headers["Retry-After"]) > 0 and not limited.cookies
    assert typed(PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 303


def test_it_opens_no_other_slot_and_shows_no_portal(domain: Domain, staging: Slot) -> None:
    save(domain, staging, Others.PASSWORD, PASSWORD)
    assert typed(PASSWORD, host="contoso.localhost").status_code == 403
    assert typed(PASSWORD, host="nowhere.localhost").status_code == 404
    client = Client(SERVER_NAME=HOST)
    client.force_login(domain.alice)
    for path in ("/.greenroom/visitors/", "/.greenroom/visitors/password/", "/.greenroom/visitors/../sites/"):
        assert client.get(path).status_code == 404
    assert client.get("/.greenroom/visitors/password").status_code == 405
    assert client.get("/sites/").status_code == 404
    assert client.post("/.greenroom/visitors/password", {"password": PASSWORD}).status_code == 400, "a form with files"


def test_who_signs_in_at_the_portal_comes_back_with_a_pass_once(
    domain: Domain, staging: Slot, bob: Client, alice: Client
) -> None:
    save(domain, staging, Others.SIGN_IN)
    wanted = {"to": f"http://{HOST}:8080/a?b=1", "state": "of-the-browser"}
    stranger = Client(SERVER_NAME="localhost")
    assert "/sign-in/" in stranger.get("/visit/", wanted).headers["Location"]
    back = urlsplit(bob.get("/visit/", wanted).headers["Location"])
    assert back.netloc == f"{HOST}:8080"
    query = {name: value for name, (value,) in parse_qs(back.query).items()}
    browser = Client(SERVER_NAME=HOST)
    assert browser.get(back.path, query).status_code == 403, "another browser"
    browser.cookies["greenroom_visitor_state"] = "of-the-browser"
    answer = browser.get(back.path, query)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/a?b=1")
    assert answer.cookies["greenroom_visitor"]["httponly"]
    assert answer.cookies["greenroom_visitor_state"].value == ""
    browser.cookies["greenroom_visitor_state"] = "of-the-browser"
    assert browser.get(back.path, query).status_code == 403, "once"


@pytest.mark.parametrize(("prefix", "scheme"), [("", "http"), ("__Host-", "https")])
def test_a_web_site_beside_cannot_spoil_the_way_back(
    domain: Domain, staging: Slot, bob: Client, prefix: str, scheme: str
) -> None:
    save(domain, staging, Others.SIGN_IN)
    back = bob.get("/visit/", {"to": f"http://{HOST}/", "state": "of-the-browser"}).headers["Location"]
    query = {name: value for name, (value,) in parse_qs(urlsplit(back).query).items()}
    name = f"{prefix}greenroom_visitor_state"
    sent = {
        "HTTP_X_FORWARDED_PROTO": scheme,
        "HTTP_COOKIE": f"{name}=junk; greenroom_visitor_state=x; {name}=of-the-browser",
    }
    answer = Client(SERVER_NAME=HOST).get(urlsplit(back).path, query, **sent)
    assert answer.status_code == 303 and answer.cookies[name].value == ""
    assert answer.cookies[f"{prefix}greenroom_visitor"]["httponly"]


def test_a_stranger_to_the_site_is_told_whom_to_ask(domain: Domain, staging: Slot, charlie: Client) -> None:
    save(domain, staging, Others.SIGN_IN)
    answer = charlie.get("/visit/", {"to": f"http://{HOST}/", "state": "s"})
    assert answer.status_code == 403
    said = answer.content.decode()
    assert "charlie" in said and HOST in said and "Ask its owner for a role" in said
