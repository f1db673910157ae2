"""Signing in and out: where it leads, what it tells, and what a stranger learns."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from portal.accounts.links import create_link
from sites.models import Operation
from tests.domain import Domain
from tests.portal.accounts.conftest import ACCOUNT, NEW_PASSWORD, Visitor

CHOSEN = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


def test_the_right_password_leads_to_where_one_wanted_to_go(nobody: Visitor) -> None:
    assert nobody.sign_in(next="/operations/?kind=swap")["Location"] == "/operations/?kind=swap"
    assert nobody.get("/operations/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/x",
        "///evil.example",
        "/\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "http://localhost/sites/",
        "http://contoso.localhost/",
        "https:///evil.example",
        " //evil.example",
    ],
)
def test_signing_in_leads_to_no_other_host(nobody: Visitor, elsewhere: str) -> None:
    assert nobody.sign_in(next=elsewhere)["Location"] == "/sites/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/x"])
def test_who_is_in_already_is_led_to_no_other_host_either(alice_in: Visitor, elsewhere: str) -> None:
    assert alice_in.get(f"/sign-in/?next={elsewhere}")["Location"] == "/sites/"


def test_a_wrong_password_says_so_and_keeps_the_name(nobody: Visitor) -> None:
    answer = nobody.sign_in(password="wrong")
    text = answer.content.decode()
    assert answer.status_code == 400 and "do not match" in text and 'value="alice"' in text
    assert 'value="wrong"' not in text


def test_a_name_that_exists_and_one_that_does_not_are_answered_alike(domain: Domain) -> None:
    User.objects.create_user("idle12", password="right")
    User.objects.filter(username="idle12").update(is_active=False)
    User.objects.create_user("plain1")
    texts = set()
    for name, password in (("alice1", "x"), ("nobody", "x"), ("idle12", "right"), ("plain1", "x")):
        answer = Visitor().sign_in(name, password)
        text = answer.content.decode().replace(name, "NAME")
        token = text.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
        texts.add((answer.status_code, text.replace(token, "TOKEN")))
    assert len(texts) == 1


def test_both_of_two_names_that_differ_in_case_only_are_let_in(domain: Domain) -> None:
    assert Visitor().sign_in("ALICE", "alice").status_code == 303
    User.objects.create_user("Alice", password="another")
    assert Visitor().sign_in("Alice", "another").status_code == 303
    assert Visitor().sign_in("alice", "alice").status_code == 303
    assert Visitor().sign_in("aLICE", "alice").status_code == 400


def test_a_form_without_its_token_or_from_elsewhere_is_refused(domain: Domain) -> None:
    visitor = Visitor(enforce_csrf_checks=True)
    assert visitor.sign_in().status_code == 403
    visitor.get("/sign-in/")
    token = {"csrfmiddlewaretoken": visitor.client.cookies[settings.CSRF_COOKIE_NAME].value}
    for origin in ("http://evil.example", "null", "http://contoso.localhost"):
        answer = visitor.post("/sign-in/", {"login": "alice", "password": "alice", **token}, headers={"Origin": origin})
        assert answer.status_code == 403


def test_a_form_by_https_is_taken_from_the_same_address_by_https_only(domain: Domain) -> None:
    visitor = Visitor(enforce_csrf_checks=True)
    visitor.get("/sign-in/")
    token = {"csrfmiddlewaretoken": visitor.client.cookies[settings.CSRF_COOKIE_NAME].value}
    typed = {"login": "alice", "password": "alice", **token}
    statuses = {
        scheme: visitor.post(
            "/sign-in/",
            typed,
            headers={"Host": "localhost", "Origin": "https://localhost", "X-Forwarded-Proto": scheme},
        ).status_code
        for scheme in ("http", "https")
    }
    assert statuses == {"http": 403, "https": 303}


def test_a_session_of_before_the_sign_in_is_worth_nothing(nobody: Visitor, codes: list[str]) -> None:
    nobody.client.session.save()
    nobody.client.cookies[settings.SESSION_COOKIE_NAME] = planted = nobody.client.session.session_key
    nobody.sign_in()
    between = nobody.client.session.session_key
    nobody.code(codes[0])
    assert len({planted, between, nobody.client.session.session_key}) == 3
    assert not Session.objects.filter(session_key__in=[planted, between]).exists()


def test_cookies_cannot_be_set_by_sites_nor_read_by_scripts(nobody: Visitor) -> None:
    nobody.sign_in()
    for name in (settings.SESSION_COOKIE_NAME, settings.BROWSER_COOKIE_NAME):
        cookie = nobody.client.cookies[name]
        assert name.startswith("__Host-") and cookie["secure"] and cookie["httponly"]
        assert cookie["samesite"] == "Lax" and cookie["path"] == "/" and not cookie["domain"]


def test_signing_out_ends_the_session_and_asks_for_a_post(alice_in: Visitor) -> None:
    key = alice_in.client.session.session_key
    assert alice_in.get("/sign-out/").status_code == 405
    assert alice_in.is_in
    assert alice_in.post("/sign-out/")["Location"] == "/sign-in/"
    assert not alice_in.is_in and not Session.objects.filter(session_key=key).exists()


def test_nobody_makes_an_account_or_finds_what_allauth_has_beside(nobody: Visitor) -> None:
    for path in ("/accounts/signup/", "/sign-in/signup/", "/signup/", "/accounts/login/", "/sign-in/inactive/"):
        assert nobody.get(path).status_code == 404
    assert "signup" not in nobody.get("/sign-in/").content.decode()


def test_without_mail_the_page_says_who_replaces_a_password(nobody: Visitor) -> None:
    assert "./greenroom password --user NAME --link" in nobody.get("/sign-in/").content.decode()
    for path in ("/sign-in/forgotten/", "/sign-in/forgotten/sent/", "/sign-in/forgotten/1-abc/"):
        assert nobody.get(path).status_code == 404


def test_the_administrations_own_sign_in_is_no_way_round(nobody: Visitor, domain: Domain, codes: list[str]) -> None:
    User.objects.filter(pk=domain.alice.pk).update(is_staff=True, is_superuser=True)
    assert nobody.get("/admin/login/?next=/admin/")["Location"] == "/sign-in/?next=%2Fadmin%2F"
    assert nobody.post("/admin/login/", {"username": "alice", "password": "alice"}).status_code == 405
    nobody.sign_in()
    assert nobody.get("/admin/").status_code == 302
    nobody.code(codes[0])
    assert nobody.get("/admin/").status_code == 200


def test_a_link_works_once_and_a_look_does_not_use_it_up(nobody: Visitor, domain: Domain) -> None:
    link = create_link(domain.alice)
    for _ in range(2):
        assert nobody.get(link).status_code == 200
    assert nobody.post(link, {**CHOSEN, "password2": "another"}).status_code == 400
    assert nobody.post(link, CHOSEN)["Location"] == "/sites/"
    assert nobody.is_in
    second = Visitor()
    assert second.get(link).status_code == second.post(link, CHOSEN).status_code == 410
    assert second.get("/welcome/made-up/").status_code == 410
    domain.alice.refresh_from_db()
    assert domain.alice.check_password(NEW_PASSWORD)


@pytest.mark.parametrize("has_password", [True, False])
def test_who_chooses_the_first_password_is_not_told_of_it(nobody: Visitor, domain: Domain, has_password: bool) -> None:
    if not has_password:
        domain.alice.set_unusable_password()
        domain.alice.save()
    nobody.post(create_link(domain.alice), CHOSEN)
    bar = nobody.get("/sites/").content.decode()
    assert ("has a new password" in bar) == has_password
    assert Operation.objects.get(kind="password").actor == domain.alice


@pytest.mark.parametrize("weak", ["password", "short4life", "11letters11", "greenroom2026", "Localhost1234"])
def test_a_weak_password_is_refused_and_the_link_still_works(nobody: Visitor, domain: Domain, weak: str) -> None:
    link = create_link(domain.alice)
    answer = nobody.post(link, {"password1": weak, "password2": weak})
    assert answer.status_code == 400 and "field__fault" in answer.content.decode()
    assert nobody.get(link).status_code == 200


@pytest.mark.parametrize("fine", ["aaaa bbbb cccc", "quiet green room", "ÄÖÜ unterwegs 日本", "x" * 6 + "yz" * 60])
def test_no_rule_asks_for_letters_digits_or_signs(nobody: Visitor, domain: Domain, fine: str) -> None:
    assert nobody.post(create_link(domain.alice), {"password1": fine, "password2": fine}).status_code == 302
    assert Visitor().sign_in(password=fine).status_code == 303


def test_ones_own_password_is_changed_and_other_sessions_end(
    alice_in: Visitor, domain: Domain, visitor: Callable[..., Visitor]
) -> None:
    other = visitor()
    other.sign_in()
    fields = {"oldpassword": "alice", **CHOSEN}
    before = alice_in.client.session.session_key
    wrong = alice_in.post(f"{ACCOUNT}password/", {**fields, "oldpassword": "wrong"})
    assert wrong.status_code == 400 and "not your password" in wrong.content.decode()
    assert alice_in.post(f"{ACCOUNT}password/", fields)["Location"] == ACCOUNT
    assert "has a new password. Other browsers" in alice_in.get(ACCOUNT).content.decode()
    assert alice_in.client.session.session_key != before
    assert Operation.objects.get(kind="password").actor == domain.alice
    assert alice_in.is_in and not other.is_in


def test_programs_that_keep_passwords_find_the_form(alice_in: Visitor) -> None:
    assert alice_in.get("/.well-known/change-password")["Location"] == ACCOUNT
