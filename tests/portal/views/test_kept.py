"""A session that ends during editing gives back what was typed, to the same person and nobody else."""

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal import kept_form
from sites.models import Site
from tests.domain import Domain
from tests.portal.conftest import HTMX

ADDRESS = "/sites/contoso/staging/configure/"
TYPED = {
    "start_command": "python app.py",
    "app_settings-TOTAL_FORMS": "1",
    "password": "secret",
    "app_settings-0-name": "A",
}


@pytest.fixture
def typing(domain: Domain, contoso: Site, browser: Callable[[User | None], Client]) -> Client:
    """Alice, whose session has ended."""
    client = browser(None)
    assert client.post("/sign-in/", {"username": "alice", "password": "alice"}).status_code == 303
    client.session.flush()
    return client


def sign_in(client: Client, name: str) -> str:
    return client.post("/sign-in/", {"username": name, "password": name})["Location"]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_what_was_typed_comes_back_after_the_sign_in(typing: Client, headers: dict[str, str]) -> None:
    answer = typing.post(ADDRESS, TYPED, headers=headers)
    led = answer["HX-Redirect"] if headers else answer["Location"]
    assert led.startswith("/sign-in/") and "python" not in led
    assert sign_in(typing, "alice") == "/kept/"
    page = typing.get("/kept/").content.decode()
    assert f'action="{ADDRESS}"' in page and "python app.py</textarea>" in page
    assert "secret" not in page and 'type="hidden" name="app_settings-TOTAL_FORMS" value="1"' in page
    typing.post("/kept/discard/")
    assert typing.get("/kept/")["Location"] == "/sites/"


def test_once_it_is_taken_it_is_forgotten(typing: Client) -> None:
    typing.post("/sites/contoso/production/stop/", {"note": "typed"})
    sign_in(typing, "alice")
    assert typing.get("/kept/").status_code == 200
    assert typing.post("/sites/contoso/production/stop/", {"note": "typed"}).status_code == 303
    assert typing.get("/kept/")["Location"] == "/sites/"


def test_it_is_encrypted_at_rest(typing: Client) -> None:
    typing.post(ADDRESS, TYPED)
    assert "python" not in typing.session[kept_form.KEY]


def test_somebody_else_does_not_get_it(typing: Client) -> None:
    typing.post(ADDRESS, TYPED)
    assert sign_in(typing, "bob") == "/sites/"
    assert typing.get("/kept/")["Location"] == "/sites/"
    assert kept_form.KEY not in typing.session


def test_it_is_kept_for_an_hour(typing: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    typing.post(ADDRESS, TYPED)
    later = time.time() + kept_form.SECONDS + 1
    monkeypatch.setattr(kept_form.time, "time", lambda: later)
    assert sign_in(typing, "alice") == "/sites/"


def test_nothing_is_kept_of_strangers_large_forms_and_empty_ones(
    typing: Client, browser: Callable[[User | None], Client]
) -> None:
    stranger = browser(None)
    stranger.post(ADDRESS, TYPED)
    assert kept_form.KEY not in stranger.session
    typing.post(ADDRESS, {"start_command": "x" * kept_form.MOST_CHARACTERS})
    typing.post(ADDRESS, {"password": "only"})
    assert kept_form.KEY not in typing.session


def test_nobody_is_asked_to_sign_in_first(browser: Callable[[User | None], Client]) -> None:
    assert browser(None).get("/kept/")["Location"].startswith("/sign-in/")
    assert browser(None).post("/kept/discard/").status_code == 302
