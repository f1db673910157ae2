"""Single keys can be switched off: for one person, in every browser, also without scripts."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client

from tests.domain import Domain
from tests.portal.conftest import HTMX

MARK = " data-shortcuts "


def test_they_are_listed_and_on_until_somebody_switches_them_off(alice: Client) -> None:
    page = alice.get("/sites/").content.decode()
    assert MARK in page and "<dt>N</dt><dd>NEW</dd>" in page
    answer = alice.post("/settings/shortcuts/", {"shortcuts": "off"}, headers={"Referer": "http://localhost/all/"})
    assert (answer.status_code, answer["Location"]) == (303, "/all/")
    page = alice.get("/sites/").content.decode()
    assert MARK not in page and "are off: they do nothing" in page and "<dt>N</dt>" not in page
    alice.post("/settings/shortcuts/", {"shortcuts": "on"})
    assert MARK in alice.get("/sites/").content.decode()


def test_the_choice_is_the_persons_and_not_the_browsers(
    domain: Domain, alice: Client, bob: Client, browser: Callable[[User], Client]
) -> None:
    alice.post("/settings/shortcuts/", {"shortcuts": "off"})
    assert MARK not in browser(domain.alice).get("/sites/").content.decode()
    assert MARK in bob.get("/sites/").content.decode()


def test_the_list_of_keys_says_the_same_after_the_command_bar_was_drawn_anew(domain: Domain, alice: Client) -> None:
    domain.create("fabrikam")
    alice.post("/settings/shortcuts/", {"shortcuts": "off"})
    bar = alice.get("/sites/?selected=fabrikam/production", headers=HTMX).content.decode()
    assert "are off: they do nothing" in bar


def test_a_look_switches_nothing_and_a_stranger_is_sent_to_the_door(
    alice: Client, browser: Callable[[User | None], Client]
) -> None:
    assert alice.get("/settings/shortcuts/").status_code == 405
    assert browser(None).post("/settings/shortcuts/", {"shortcuts": "off"})["Location"].startswith("/sign-in/")
