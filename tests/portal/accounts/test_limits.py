"""Guessing is slow in every way there is, costs the machine little, and keeps nobody out who was here before."""

import io
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.core.management import call_command

from portal.accounts import attempts
from portal.accounts.links import create_link
from portal.models import KnownBrowser
from sites.throttling import buckets, turns
from tests.domain import Domain
from tests.portal.accounts.conftest import ACCOUNT, NEW_PASSWORD, Visitor, confirm, give_app, shown

PAIR = attempts.NAME_AND_ADDRESS.most


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed."""
    seen: list[str] = []
    encode = hashers.MD5PasswordHasher.encode

    def noted(self: Any, password: str, salt: str) -> str:
        seen.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", noted)
    return seen


def guess(visitor: Visitor, times: int, name: str = "alice") -> int:
    """The status of the last of so many wrong passwords."""
    return [visitor.sign_in(name, f"wrong{number}").status_code for number in range(times)][-1]


def test_guessing_one_name_from_one_address_is_ended(nobody: Visitor, hashed: list[str]) -> None:
    assert guess(nobody, PAIR) == 400
    done = len(hashed)
    limited = nobody.sign_in()
    assert limited.status_code == 429 and 0 < int(limited["Retry-After"]) <= 180
    text = limited.content.decode()
    assert "from your address" in text and "./greenroom password --user alice --link" in text
    assert len(hashed) == done, "the right password is not even looked at"


def test_others_are_not_held_up(nobody: Visitor) -> None:
    guess(nobody, PAIR + 1)
    assert nobody.sign_in("bob", "bob").status_code == 303
    assert Visitor("192.0.2.2").sign_in().status_code == 303


def test_one_password_for_many_names_is_ended(domain: Domain) -> None:
    most = attempts.ADDRESS.most
    statuses = [Visitor().sign_in(f"name{n}", "Summer2026!Summer").status_code for n in range(most + 1)]
    assert statuses == [400] * most + [429]


def test_one_name_from_many_addresses_is_ended(domain: Domain) -> None:
    statuses = [Visitor(f"198.51.100.{n}").sign_in(password="wrong").status_code for n in range(attempts.NAME.most + 1)]
    assert statuses == [400] * attempts.NAME.most + [429]


@pytest.mark.parametrize("spelled", ["ALICE", " alice ", "ａｌｉｃｅ"])
def test_spelling_a_name_otherwise_gives_no_more_tries(nobody: Visitor, spelled: str) -> None:
    guess(nobody, PAIR)
    assert nobody.sign_in(spelled, "wrong").status_code == 429


def test_a_network_of_ipv6_is_one_address(domain: Domain) -> None:
    for number in range(PAIR):
        assert Visitor(f"2001:db8:1:2::{number}").sign_in(password="wrong").status_code == 400
    assert Visitor("2001:db8:1:2:ffff::1").sign_in().status_code == 429
    assert Visitor("2001:db8:1:3::1").sign_in().status_code == 303
    assert guess(Visitor("::ffff:192.0.2.9"), PAIR) == 400
    assert Visitor("192.0.2.9").sign_in().status_code == 429


def test_behind_the_router_the_address_is_the_one_that_it_appended(domain: Domain) -> None:
    visitor = Visitor("")
    for number in range(PAIR + 1):
        headers = {"X-Forwarded-For": f"10.9.9.{number}, 192.0.2.7"}
        answer = visitor.post("/sign-in/", {"login": "alice", "password": "wrong"}, headers=headers)
    assert answer.status_code == 429
    assert Visitor("192.0.2.7").sign_in().status_code == 429


def test_the_limit_ends_by_itself(nobody: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    guess(nobody, PAIR + 1)
    now = buckets.time.time()
    monkeypatch.setattr(buckets.time, "time", lambda: now + 181)
    assert nobody.sign_in(password="wrong").status_code == 400
    assert nobody.sign_in().status_code == 429
    monkeypatch.setattr(buckets.time, "time", lambda: now + 362)
    assert nobody.sign_in().status_code == 303


def test_a_right_password_ends_the_count_of_its_name_and_place(nobody: Visitor, domain: Domain) -> None:
    for _ in range(3):
        guess(nobody, PAIR - 1)
        KnownBrowser.objects.all().delete()
        assert nobody.sign_in().status_code == 303
        nobody = Visitor()


def test_signing_in_between_gives_no_more_guesses_at_others(domain: Domain) -> None:
    """Somebody with an account here guesses the password of somebody else."""
    visitor = Visitor()
    for _ in range(PAIR):
        visitor.sign_in("bob", "bob")
        visitor.post("/sign-out/")
        assert visitor.sign_in(password="wrong").status_code == 400
    assert visitor.sign_in(password="wrong").status_code == 429


def test_a_new_password_is_not_held_up_by_guesses_at_the_former_one(nobody: Visitor, domain: Domain) -> None:
    guess(nobody, PAIR + 1)
    domain.alice.set_password(NEW_PASSWORD)
    domain.alice.save()
    assert nobody.sign_in(password=NEW_PASSWORD).status_code == 303


@pytest.mark.parametrize("strangers", ["192.0.2.100", "198.51.100.1"], ids=["same address", "elsewhere"])
def test_a_stranger_does_not_keep_out_a_browser_that_was_here_before(alice_in: Visitor, strangers: str) -> None:
    """Also behind a tunnel or proxy, where everybody has one address."""
    alice_in.post("/sign-out/")
    guess(Visitor(strangers), PAIR + 1)
    for number in range(attempts.NAME.most + 1):
        Visitor(f"203.0.113.{number}").sign_in(password="wrong")
    for number in range(attempts.ADDRESS.most + 1):
        Visitor(strangers).sign_in(f"name{number}", "wrong")
    assert Visitor(strangers).sign_in().status_code == 429
    assert alice_in.sign_in().status_code == 303


def test_a_known_browser_has_a_limit_of_its_own(alice_in: Visitor) -> None:
    alice_in.post("/sign-out/")
    assert guess(alice_in, attempts.BROWSER.most) == 400
    limited = alice_in.sign_in()
    assert limited.status_code == 429 and "in this browser" in limited.content.decode()
    assert Visitor("192.0.2.2").sign_in().status_code == 303


def test_a_browser_is_known_for_its_own_person_only(alice_in: Visitor) -> None:
    guess(Visitor("192.0.2.100"), PAIR, "bob")
    alice_in.post("/sign-out/")
    assert alice_in.sign_in("bob", "bob").status_code == 429


@pytest.mark.parametrize("change", ["password", "link", "session", "command"])
def test_a_browser_is_no_longer_known_after(
    alice_in: Visitor, domain: Domain, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of the password elsewhere, or the end of its session by its person."""
    other = Visitor("192.0.2.50")
    other.sign_in()
    chosen = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    if change == "password":
        other.post(f"{ACCOUNT}password/", {"oldpassword": "alice", **chosen})
    elif change == "link":
        Visitor().post(create_link(User.objects.get(username="alice")), chosen)
    elif change == "session":
        other.post(f"{ACCOUNT}sessions/end/")
    else:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{NEW_PASSWORD}\n"))
        call_command("password", "--user", "alice")
    assert not alice_in.is_in
    guess(Visitor("192.0.2.100"), PAIR)
    right = "alice" if change == "session" else NEW_PASSWORD
    assert alice_in.sign_in(password=right).status_code == 429


def test_a_cookie_that_somebody_made_up_or_took_along_is_none(alice_in: Visitor, domain: Domain) -> None:
    cookie = alice_in.client.cookies[settings.BROWSER_COOKIE_NAME].value
    for forged in ("", "x", cookie[:-1] + ("A" if cookie[-1] != "A" else "B"), "W1sxLCJhIl1d:1abc:xyz"):
        stranger = Visitor("192.0.2.66")
        stranger.client.cookies[settings.BROWSER_COOKIE_NAME] = forged
        guess(stranger, PAIR)
        assert stranger.sign_in().status_code == 429
        stranger.address = "192.0.2.67"
    alice_in.post("/sign-out/")
    alice_in.sign_in()  # now the browser has another cookie, and a copy of the former one is worth nothing
    thief = Visitor("192.0.2.68")
    thief.client.cookies[settings.BROWSER_COOKIE_NAME] = cookie
    guess(thief, PAIR)
    assert thief.sign_in().status_code == 429


def test_guessing_codes_is_ended_from_every_address(domain: Domain) -> None:
    give_app(domain.alice)
    for number in range(attempts.CODES.most):
        visitor = Visitor(f"192.0.2.{number}")
        visitor.sign_in()
        assert visitor.code("000000").status_code == 400
    visitor = Visitor("192.0.2.200")
    visitor.sign_in()
    limited = visitor.code(shown())
    assert limited.status_code == 429 and "Retry-After" in limited.headers
    assert "./greenroom password --user alice --link" in limited.content.decode()


def test_who_knows_the_password_only_does_not_keep_out_a_known_browser(domain: Domain) -> None:
    alice = Visitor("192.0.2.100")
    codes = give_app(domain.alice)
    alice.sign_in()
    assert alice.code(codes[0]).status_code == 303
    alice.post("/sign-out/")
    thief = Visitor()
    thief.sign_in()
    for _ in range(attempts.CODES.most + 1):
        thief.code("000000")
    alice.sign_in()
    assert alice.code(codes[1]).status_code == 303


def test_confirmations_and_the_present_password_are_counted_together(alice_in: Visitor) -> None:
    """Whoever finds an open browser guesses no password."""
    chosen = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    for number in range(attempts.CONFIRMATIONS.most):
        path, field = ((f"{ACCOUNT}password/", "oldpassword"), (f"{ACCOUNT}confirm/", "password"))[number % 2]
        assert alice_in.post(path, {field: "wrong", **chosen}).status_code == 400
    assert alice_in.post(f"{ACCOUNT}password/", {"oldpassword": "alice", **chosen}).status_code == 429
    assert confirm(alice_in).status_code == 429
    assert User.objects.get(username="alice").check_password("alice")


def test_a_stranger_does_not_use_up_the_confirmations_of_a_person(alice_in: Visitor) -> None:
    guess(Visitor(alice_in.address), PAIR + 1)
    for number in range(attempts.ADDRESS.most):
        Visitor(alice_in.address).sign_in(f"name{number}", "wrong")
    assert confirm(alice_in).status_code == 302


def test_wrong_links_are_counted_and_the_right_one_is_always_taken(nobody: Visitor, domain: Domain) -> None:
    statuses = [nobody.get(f"/welcome/made-up-{n}/").status_code for n in range(attempts.LINKS.most + 1)]
    assert statuses == [410] * attempts.LINKS.most + [429]
    link = create_link(domain.alice)
    assert nobody.get(link).status_code == 200
    assert nobody.post(link, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}).status_code == 302


def test_what_is_kept_for_strangers_is_bounded(nobody: Visitor) -> None:
    """Each question for a passkey begins a session."""
    statuses = []
    for _ in range(attempts.STARTS.most + 1):
        nobody.client.cookies.clear()
        statuses.append(nobody.get("/sign-in/passkey/").status_code)
    assert statuses == [200] * attempts.STARTS.most + [429]


def test_a_session_of_nobody_lasts_an_hour(nobody: Visitor) -> None:
    nobody.get("/sign-in/passkey/")
    assert nobody.client.session.get_expiry_age() <= 3600
    nobody.sign_in()
    assert nobody.client.session.get_expiry_age() > 3600 * 11


def test_a_refused_passkey_and_a_refused_link_are_logged(nobody: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    nobody.get("/sign-in/passkey/")
    nobody.post("/sign-in/passkey/", {"credential": '{"id": "a"}'})
    nobody.get("/welcome/nonsense/")
    lines = [record.getMessage() for record in caplog.records if record.name == "portal.security_log"]
    assert lines == ["A passkey from 192.0.2.1 was refused.", "A one-time link from 192.0.2.1 was refused."]


def test_an_attempt_is_logged_with_the_name_only_if_it_is_one(
    nobody: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    name = "eve\n2026-11-27 INFO admin signed in\x1b]0;PWN\x07\u202e" + "x" * 60
    with caplog.at_level(logging.WARNING):
        nobody.sign_in(name, "secret words")
        nobody.sign_in("alice", "secret words")
    lines = [record.getMessage() for record in caplog.records if record.name == attempts.__name__]
    assert lines == [
        "A wrong password or code for an unknown name from 192.0.2.1",
        "A wrong password or code for 'alice' from 192.0.2.1",
    ]
    assert "secret words" not in caplog.text


def test_no_more_passwords_are_hashed_at_a_time_than_there_are_turns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Over all processes and threads; whoever has no turn hears of it soon."""
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.1)
    start, at_once, most, refused = threading.Barrier(24), 0, 0, 0
    lock, go_on = threading.Lock(), threading.Event()

    def hash_one() -> None:
        nonlocal at_once, most, refused
        start.wait()
        try:
            with turns.turn(is_known=False):
                with lock:
                    at_once += 1
                    most = max(most, at_once)
                go_on.wait(5)
                with lock:
                    at_once -= 1
        except turns.SignInBusy as busy:
            assert busy.values["retry_after"] == turns.TRY_AGAIN_SECONDS
            with lock:
                refused += 1
                if refused == 24 - turns.TURNS:
                    go_on.set()

    threads = [threading.Thread(target=hash_one) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, refused) == (turns.TURNS, 24 - turns.TURNS)


def test_a_crowd_does_not_keep_known_browsers_waiting(alice_in: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.1)
    alice_in.post("/sign-out/")
    with turns.turn(is_known=False), turns.turn(is_known=False):
        busy = Visitor().sign_in("nobody", "wrong")
        assert busy.status_code == 429 and int(busy["Retry-After"]) > 0
        assert "was not looked at" in busy.content.decode()
        assert alice_in.sign_in().status_code == 303
    assert guess(Visitor(), PAIR, "nobody") == 400, "who was not looked at has not used up a try"


def test_a_flood_of_limited_attempts_writes_nothing(nobody: Visitor, django_assert_max_num_queries: Callable) -> None:
    guess(nobody, PAIR + 1)
    with django_assert_max_num_queries(6) as seen:
        nobody.sign_in()
    assert not [query for query in seen if not query["sql"].startswith("SELECT")]
