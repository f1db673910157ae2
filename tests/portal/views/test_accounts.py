"""Signing in and out, the one-time link, one's own password."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from portal.models import SignInFailure
from portal.sign_in_limit import MOST, SPAN
from portal.sign_in_links import create_link
from sites.models import Operation
from tests.domain import Domain


@pytest.fixture
def nobody(domain: Domain, browser: Callable[[User | None], Client]) -> Client:
    return browser(None)


def sign_in(client: Client, password: str, name: str = "alice", **more: str) -> object:
    return client.post("/sign-in/", {"username": name, "password": password, **more}, REMOTE_ADDR="192.0.2.1")


def test_the_right_password_leads_to_where_one_wanted_to_go(nobody: Client) -> None:
    assert sign_in(nobody, "alice", next="/operations/")["Location"] == "/operations/"
    assert nobody.get("/operations/").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_host(nobody: Client, elsewhere: str) -> None:
    assert sign_in(nobody, "alice", next=elsewhere)["Location"] == "/sites/"


def test_a_wrong_password_says_so_and_keeps_the_name(nobody: Client) -> None:
    answer = sign_in(nobody, "wrong")
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "do not belong together" in text and 'value="alice"' in text


def test_guessing_is_ended_for_that_name_and_address_only(nobody: Client, domain: Domain) -> None:
    for _ in range(MOST):
        assert sign_in(nobody, "wrong").status_code == 400
    limited = sign_in(nobody, "alice")
    assert limited.status_code == 429
    assert "Too many wrong passwords for &#x27;alice&#x27; from this address" in limited.content.decode()
    assert sign_in(nobody, "bob", name="bob").status_code == 303
    elsewhere = Client(SERVER_NAME="localhost")
    answer = elsewhere.post("/sign-in/", {"username": "alice", "password": "alice"}, REMOTE_ADDR="192.0.2.2")
    assert answer.status_code == 303


def test_the_limit_ends_by_itself_and_by_a_right_password(nobody: Client) -> None:
    for _ in range(MOST):
        sign_in(nobody, "wrong")
    SignInFailure.objects.update(failed_at=timezone.now() - SPAN - timedelta(seconds=1))
    sign_in(nobody, "wrong")
    assert SignInFailure.objects.count() == 1
    assert sign_in(nobody, "alice").status_code == 303
    assert not SignInFailure.objects.exists()


def test_behind_the_router_the_address_is_the_one_that_it_appended(nobody: Client) -> None:
    for _ in range(MOST + 1):
        answer = nobody.post(
            "/sign-in/",
            {"username": "alice", "password": "wrong"},
            REMOTE_ADDR="",
            headers={"X-Forwarded-For": "10.9.9.9, 192.0.2.7"},
        )
    assert answer.status_code == 429
    assert set(SignInFailure.objects.values_list("address", flat=True)) == {"192.0.2.7"}


def test_signing_out_ends_the_session(alice: Client) -> None:
    assert alice.post("/sign-out/")["Location"] == "/sign-in/"
    assert alice.get("/sites/").status_code == 302


def test_a_link_works_once_and_a_look_does_not_use_it_up(nobody: Client, domain: Domain) -> None:
    link = create_link(domain.alice)
    for _ in range(2):
        assert nobody.get(link).status_code == 200
    password = {"new_password1": "quiet green room", "new_password2": "quiet green room"}
    assert nobody.post(link, {**password, "new_password2": "another"}).status_code == 200
    assert nobody.post(link, password)["Location"] == "/sites/"
    assert nobody.get("/sites/").status_code == 200
    second = Client(SERVER_NAME="localhost")
    assert second.get(link).status_code == second.post(link, password).status_code == 410
    assert second.get("/welcome/made-up/").status_code == 410
    domain.alice.refresh_from_db()
    assert domain.alice.check_password("quiet green room")


@pytest.mark.parametrize("has_password", [True, False])
def test_who_chooses_the_first_password_is_not_told_of_it(nobody: Client, domain: Domain, has_password: bool) -> None:
    if not has_password:
        domain.alice.set_unusable_password()
        domain.alice.save()
    nobody.post(create_link(domain.alice), {f"new_password{number}": "quiet green room" for number in (1, 2)})
    bar = nobody.get("/sites/").content.decode()
    assert ("has a new password" in bar) == has_password
    assert Operation.objects.get(kind="password").actor == domain.alice


def test_a_weak_password_is_refused_and_the_link_still_works(nobody: Client, domain: Domain) -> None:
    link = create_link(domain.alice)
    answer = nobody.post(link, {"new_password1": "password", "new_password2": "password"})
    assert answer.status_code == 200 and "field__fault" in answer.content.decode()
    assert nobody.get(link).status_code == 200


def test_ones_own_password_is_changed_and_other_sessions_end(
    alice: Client, domain: Domain, browser: Callable[[User], Client]
) -> None:
    other = browser(domain.alice)
    fields = {"old_password": "alice", "new_password1": "quiet green room", "new_password2": "quiet green room"}
    assert alice.post("/password/", {**fields, "old_password": "wrong"}).status_code == 200
    assert alice.post("/password/", fields)["Location"] == "/password/"
    assert "has a new password. Other browsers" in alice.get("/password/").content.decode()
    assert Operation.objects.get(kind="password").actor == domain.alice
    assert other.get("/sites/").status_code == 302
