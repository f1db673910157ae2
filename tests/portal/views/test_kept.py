"""A session that ends during editing gives back what was typed, in its form, to the same person and nobody else."""

import re
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal import kept_form
from portal.configuration import read_configuration
from sites.models import Category, Site, Slot
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.portal.conftest import HTMX

ADDRESS = "/sites/contoso/staging/configure/"
TYPED = {"start_command": "python app.py", "base-start_command": "", "password": "secret"}
ROW = "connection_strings-0"
BACK = "Your session had ended, so nothing was saved."


@pytest.fixture
def typing(domain: Domain, contoso: Site, browser: Callable[[User | None], Client]) -> Client:
    """Alice, whose session has ended."""
    client = browser(None)
    assert client.post("/sign-in/", {"login": "alice", "password": "alice"}).status_code == 303
    client.session.flush()
    return client


@pytest.fixture
def staging(contoso: Site) -> Slot:
    return contoso.slots.get(name="staging")


def sign_in(client: Client, name: str = "alice") -> str:
    return client.post("/sign-in/", {"login": name, "password": name})["Location"]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_what_was_typed_stands_in_the_form_again(typing: Client, headers: dict[str, str]) -> None:
    answer = typing.post(ADDRESS, TYPED, headers=headers)
    led = answer["HX-Redirect"] if headers else answer["Location"]
    assert led.startswith("/sign-in/") and "python" not in led
    assert "Greenroom has kept what you typed" in typing.get(led).content.decode()
    assert sign_in(typing) == ADDRESS
    answer = typing.get(ADDRESS)
    page = answer.content.decode()
    assert BACK in page and 'value="python app.py"' in page and "secret" not in page
    assert answer.context["fields"]["start_command"].is_changed
    assert 'class="setting setting--changed"' in page
    assert "python app.py" not in typing.get("/sites/contoso/production/configure/").content.decode()


@pytest.mark.parametrize(
    ("address", "typed", "page", "expected"),
    [
        ("/sites/contoso/staging/scale/", {"mode": "standard", "count": "3"}, "", r'name="count"[^>]*value="3"'),
        (
            "/sites/contoso/staging/mode/",
            {"mode": "free"},
            "/sites/contoso/staging/scale/",
            r'value="free"[^>]* checked',
        ),
        ("/new/web-site/", {"name": "fabrikam", "mode": "free"}, "/new/", r'value="fabrikam"[\s\S]*"free" selected'),
        (
            "/new/custom/",
            {"name": "fabrikam", "to": "2", "instance_count": "2"},
            "",
            r'value="fabrikam"[\s\S]*value="2"',
        ),
        ("/new/custom/", {"name": "fabrikam", "to": "create", "has_staging": "on"}, "", r'"has_staging"[^>]* checked'),
        ("/sites/contoso/staging/publish/", {"message": "mended"}, "", r'name="message"[^>]*value="mended"'),
        ("/settings/subscriptions/", {"name": "Second"}, "/settings/", r'name="name" value="Second"'),
    ],
    ids=["scale", "mode", "quick create", "custom create", "its second page", "publish", "subscription"],
)
def test_every_form_that_is_worth_it_comes_back(
    typing: Client, address: str, typed: dict[str, str], page: str, expected: str
) -> None:
    typing.post(address, typed)
    assert sign_in(typing) == (page or address)
    text = typing.get(page or address).content.decode()
    assert re.search(expected, text) and "Your session had ended" in text


def test_people_and_the_name_of_a_subscription_come_back(domain: Domain, typing: Client) -> None:
    page = f"/settings/subscriptions/{domain.subscription.public_id}/"
    typing.post(f"{page}people/", {"name": "dora", "account": "new", "role": "owner"})
    assert sign_in(typing) == page
    text = typing.get(page).content.decode()
    assert re.search(r'id="person-name"[^>]*value="dora"', text)
    assert re.search(r'value="new"[^>]* checked', text) and re.search(r'value="owner"[^>]* checked', text)
    typing.session.flush()
    typing.post(f"{page}name/", {"name": "Renamed"})
    assert sign_in(typing) == page
    assert 'name="name" value="Renamed"' in typing.get(page).content.decode()


def test_a_hidden_value_comes_back_unread_and_is_saved_as_it_was_typed(
    domain: Domain, typing: Client, staging: Slot
) -> None:
    strings = [Entry("Main", "Server=old", "Custom"), Entry("Other", "Server=kept", "Custom")]
    domain.save(staging, *strings, category=Category.CONNECTION_STRINGS)
    bases = [row.base for row in read_configuration(staging).rows["connection_strings"].rows]
    typed = {
        "connection_strings-TOTAL_FORMS": "3",
        "connection_strings-INITIAL_FORMS": "0",
        f"{ROW}-name": "Main",
        f"{ROW}-was": "Main",
        f"{ROW}-base": bases[0],
        f"{ROW}-value": "Server=typed",
        f"{ROW}-kind": "Custom",
        "connection_strings-1-name": "Other",
        "connection_strings-1-was": "Other",
        "connection_strings-1-base": bases[1],
        "connection_strings-1-kept": "Other",
        "connection_strings-1-kind": "Custom",
    }
    typing.post(ADDRESS, typed)
    sign_in(typing)
    page = typing.get(ADDRESS).content.decode()
    assert "Server=typed" not in page and "as you typed it" in page
    sealed = re.search(rf'name="{ROW}-sealed" value="([^"]+)"', page)
    assert sealed
    elsewhere = typing.post(
        "/sites/contoso/production/configure/", {**typed, f"{ROW}-value": "", f"{ROW}-sealed": sealed[1]}
    )
    assert "could not be read again" in elsewhere.content.decode()
    typing.post(ADDRESS, {**typed, f"{ROW}-value": "", f"{ROW}-sealed": sealed[1]})
    assert [entry.value for entry in read_settings(staging, Category.CONNECTION_STRINGS)] == [
        "Server=typed",
        "Server=kept",
    ]


def test_lines_that_cannot_be_taken_apart_cost_nothing_of_the_rest(typing: Client) -> None:
    typing.post(
        ADDRESS,
        {
            **TYPED,
            "app_settings-TOTAL_FORMS": "0",
            "app_settings-INITIAL_FORMS": "0",
            "app_settings-lines": "no equals sign",
            "mounts-TOTAL_FORMS": "1",
            "mounts-INITIAL_FORMS": "0",
            "mounts-0-name": "uploads",
            "mounts-0-value": "/data",
        },
    )
    sign_in(typing)
    page = typing.get(ADDRESS).content.decode()
    assert "no equals sign" in page and 'value="uploads"' in page and "python app.py" in page


def test_once_it_is_taken_it_is_forgotten_and_a_refusal_keeps_it(typing: Client) -> None:
    typing.post("/new/web-site/", {"name": "not possible"})
    assert sign_in(typing) == "/new/"
    assert typing.post("/new/web-site/", {"name": "not possible"}).status_code == 400
    assert kept_form.KEY in typing.session
    assert typing.post("/new/web-site/", {"name": "fabrikam"}).status_code == 303
    assert BACK not in typing.get("/new/").content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_discard_shows_the_page_as_it_is_saved(typing: Client, headers: dict[str, str]) -> None:
    typing.post(ADDRESS, TYPED)
    sign_in(typing)
    page = typing.get(ADDRESS)
    discard = next(command for command in page.context["commands"] if command.key == "discard")
    answer = typing.post(discard.href, headers={**headers, "Referer": f"http://localhost{ADDRESS}"})
    assert answer.status_code == (200 if headers else 303)
    if not headers:
        assert answer["Location"] == ADDRESS
    assert "python app.py" not in typing.get(ADDRESS).content.decode()


def test_it_is_encrypted_at_rest(typing: Client) -> None:
    typing.post(ADDRESS, TYPED)
    assert "python" not in typing.session[kept_form.KEY]


def test_somebody_else_does_not_get_it(typing: Client) -> None:
    typing.post(ADDRESS, TYPED)
    assert sign_in(typing, "bob") == "/sites/"
    assert "python app.py" not in typing.get(ADDRESS).content.decode()
    assert kept_form.KEY not in typing.session


def test_it_is_kept_for_an_hour(typing: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    typing.post(ADDRESS, TYPED)
    later = time.time() + kept_form.SECONDS + 1
    monkeypatch.setattr(kept_form.time, "time", lambda: later)
    assert sign_in(typing) == "/sites/"


def test_nothing_is_kept_of_strangers_large_forms_and_what_nobody_typed(
    typing: Client, browser: Callable[[User | None], Client]
) -> None:
    stranger = browser(None)
    stranger.post(ADDRESS, TYPED)
    assert kept_form.KEY not in stranger.session
    typing.post(ADDRESS, {"start_command": "x" * kept_form.MAX_CHARACTERS})
    typing.post(ADDRESS, {"password": "only"})
    typing.post("/sites/contoso/staging/swap/", {"with": "production"})
    typing.post("/nowhere/", {"start_command": "typed"})
    assert kept_form.KEY not in typing.session


def test_nobody_discards_without_signing_in(browser: Callable[[User | None], Client]) -> None:
    assert browser(None).post("/kept/discard/").status_code == 302
