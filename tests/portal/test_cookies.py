"""The portal's cookies and sessions: what they are called, who can read them, and when they end."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from sites.models import Site
from tests.domain import Domain


@pytest.fixture
def everything(domain: Domain, contoso: Site, browser: Callable[[User | None], Client]) -> Client:
    """A browser that has signed in, asked for pages, acted, and used the administration."""
    User.objects.filter(pk=domain.alice.pk).update(is_staff=True, is_superuser=True)
    client = browser(None)
    client.get("/sign-in/")
    client.post("/sign-in/", {"login": "alice", "password": "alice"})
    client.get("/sites/")
    client.post("/sites/contoso/staging/restart/")
    client.post("/admin/sites/site/", {"action": "swap_sites", "_selected_action": contoso.pk})
    client.get("/admin/")
    return client


def test_every_cookie_is_for_the_portal_alone(everything: Client, settings: Settings) -> None:
    assert {
        settings.SESSION_COOKIE_NAME,
        settings.CSRF_COOKIE_NAME,
        settings.BROWSER_COOKIE_NAME,
    } <= everything.cookies.keys()
    for name, cookie in everything.cookies.items():
        assert name.startswith("__Host-greenroom-"), name
        assert cookie["secure"] and cookie["path"] == "/" and not cookie["domain"], name
        assert cookie["httponly"] and cookie["samesite"] == "Lax", name


def test_a_session_is_new_at_each_sign_in_and_cannot_be_guessed(
    domain: Domain, browser: Callable[[User | None], Client]
) -> None:
    keys = set()
    for _ in range(3):
        client = browser(None)
        client.get("/sign-in/")
        planted = client.session
        planted["planted"] = "1"
        planted.save()
        client.post("/sign-in/", {"login": "alice", "password": "alice"})
        assert client.session.session_key != planted.session_key
        keys.add(client.session.session_key)
    assert len(keys) == 3 and all(len(key) == 32 for key in keys)


def test_whoever_is_deactivated_is_out_at_once(domain: Domain, alice: Client) -> None:
    assert alice.get("/sites/").status_code == 200
    User.objects.filter(pk=domain.alice.pk).update(is_active=False)
    assert alice.get("/sites/").status_code == 302


def test_other_origins_are_told_nothing(alice: Client, contoso: Site) -> None:
    for address in ("/sites/", "/sites/contoso/staging/configure/", "/sign-in/"):
        answer = alice.get(address, headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_sign_ins_stand_in_the_log_without_passwords(
    domain: Domain, browser: Callable[[User | None], Client], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client = browser(None)
    client.post("/sign-in/", {"login": "alice", "password": "hunter2"})
    client.post("/sign-in/", {"login": "my-pass-word", "password": "hunter2"})
    client.post("/sign-in/", {"login": "alice", "password": "alice"})
    client.post("/sign-out/")
    names = ("portal.security_log", "portal.accounts.attempts")
    said = [record.getMessage() for record in caplog.records if record.name in names]
    assert said == [
        "A wrong password or code for 'alice' from 127.0.0.1",
        "A wrong password or code for an unknown name from 127.0.0.1",
        "'alice' signed in from 127.0.0.1.",
        "'alice' signed out.",
    ]
    assert "hunter2" not in caplog.text and "my-pass-word" not in caplog.text
