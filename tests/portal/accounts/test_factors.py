"""The second factor: set up, asked for, used once, lost, and changed only by whoever confirms it."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from pytest_django import Settings

from portal.accounts.links import create_link
from sites.models import Operation
from tests.domain import Domain
from tests.portal.accounts.conftest import ACCOUNT, NEW_PASSWORD, SECRET, Visitor, confirm, give_app, shown

PAGES = ("app/", "passkeys/", "codes/new/", "app/remove/", "mail/")
CODES = 10


def set_up(visitor: Visitor) -> str:
    """The page, and the secret on it."""
    page = visitor.get(f"{ACCOUNT}app/").content.decode()
    return re.search(r'setup__secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")


def test_an_app_is_set_up_by_a_confirmation_and_a_code_that_it_shows(
    alice_in: Visitor, django_capture_on_commit_callbacks: Callable
) -> None:
    asked = alice_in.get(f"{ACCOUNT}app/")
    assert asked["Location"] == f"{ACCOUNT}confirm/?next=%2Fsettings%2Faccount%2Fapp%2F"
    assert confirm(alice_in, "wrong").status_code == 400
    led = alice_in.post(asked["Location"], {"password": "alice", "next": f"{ACCOUNT}app/"})
    assert led["Location"] == f"{ACCOUNT}app/"
    page = alice_in.get(f"{ACCOUNT}app/").content.decode()
    assert "<svg" in page and " style=" not in page
    secret = set_up(alice_in)
    wrong = alice_in.post(f"{ACCOUNT}app/", {"code": "000000"})
    assert wrong.status_code == 400 and not Authenticator.objects.exists()
    assert set(re.findall(r'setup__secret">([A-Z2-7 ]+)<', wrong.content.decode())[0]) <= {*secret, " "}
    with django_capture_on_commit_callbacks(execute=True):
        assert alice_in.post(f"{ACCOUNT}app/", {"code": shown(secret)})["Location"] == f"{ACCOUNT}codes/"
    first, second = (alice_in.get(f"{ACCOUNT}codes/").content.decode() for _ in range(2))
    assert len(re.findall(r"<li><code>", first)) == CODES
    assert "<li><code>" not in second and "10 codes left" in alice_in.get(ACCOUNT).content.decode()
    assert Operation.objects.get(kind="sign_in", actor_name="alice").outcome.startswith("An authenticator app")


def test_secrets_and_codes_are_not_readable_in_the_database(alice_in: Visitor, domain: Domain) -> None:
    confirm(alice_in)
    secret = set_up(alice_in)

    def rows() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT data FROM mfa_authenticator")
            kept = [str(row) for row in cursor.fetchall()]
        return "".join([*kept, *(str(session.get_decoded()) for session in Session.objects.all())])

    assert secret not in rows()
    alice_in.post(f"{ACCOUNT}app/", {"code": shown(secret)})
    codes = re.findall(r"<li><code>([0-9 ]+)", alice_in.get(f"{ACCOUNT}codes/").content.decode())
    assert len(codes) == CODES
    assert not [text for text in (secret, *(code.replace(" ", "") for code in codes)) if text in rows()]


def test_the_password_alone_signs_nobody_in_any_more(nobody: Visitor, codes: list[str]) -> None:
    assert nobody.sign_in(next="/operations/")["Location"] == "/sign-in/code/"
    assert not nobody.is_in
    wrong = nobody.code("123")
    assert wrong.status_code == 400 and "used already" in wrong.content.decode()
    assert nobody.code(shown())["Location"] == "/operations/"
    assert nobody.is_in


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_code_is_good_once(codes: list[str], offset: int) -> None:
    code = shown(offset=offset)
    for expected in (303, 400):
        visitor = Visitor()
        visitor.sign_in()
        assert visitor.code(f"{code[:3]} {code[3:]}").status_code == expected


def test_a_code_of_before_the_last_one_that_was_used_is_no_longer_good(codes: list[str]) -> None:
    """Also in another process: what was used is in the database."""
    for code, expected in ((shown(offset=1), 303), (shown(), 400), (shown(offset=-1), 400)):
        visitor = Visitor()
        visitor.sign_in()
        assert visitor.code(code).status_code == expected


def test_a_recovery_code_is_good_once_however_it_is_typed_and_the_person_is_told(codes: list[str]) -> None:
    for expected in (303, 400):
        visitor = Visitor()
        visitor.sign_in()
        assert visitor.code(f" {codes[0][:4]}-{codes[0][4:]} ").status_code == expected
    assert Operation.objects.filter(outcome="A recovery code of 'alice' was used; 9 are left.").exists()


@pytest.mark.parametrize("code", ["", " ", "ü" * 6, "１２３４５６", "\x00", "a" * 5000, "-" * 12, "000000 "])
def test_what_is_no_code_is_refused_with_a_sentence(nobody: Visitor, codes: list[str], code: str) -> None:
    nobody.sign_in()
    answer = nobody.code(code)
    assert answer.status_code == 400 and "field__fault" in answer.content.decode()


def test_the_second_step_is_for_whoever_made_the_first(nobody: Visitor, domain: Domain, codes: list[str]) -> None:
    assert nobody.get("/sign-in/code/")["Location"] == "/sign-in/"
    assert nobody.code(shown())["Location"] == "/sign-in/"
    nobody.sign_in()
    domain.alice.set_password("another one")
    domain.alice.save()
    assert nobody.code(shown())["Location"] == "/sign-in/"
    assert not nobody.is_in


def test_an_account_that_is_switched_off_between_the_steps_stays_out(
    nobody: Visitor, domain: Domain, codes: list[str]
) -> None:
    nobody.sign_in()
    User.objects.filter(pk=domain.alice.pk).update(is_active=False)
    assert nobody.code(shown())["Location"] == "/sign-in/" and not nobody.is_in


def test_between_the_steps_somebody_else_can_sign_in(nobody: Visitor, codes: list[str]) -> None:
    nobody.sign_in()
    assert nobody.get("/sign-in/").status_code == 200
    assert nobody.sign_in("bob", "bob").status_code == 303


def test_a_link_from_the_server_lets_in_whoever_lost_everything(
    nobody: Visitor, domain: Domain, codes: list[str]
) -> None:
    fields = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert nobody.post(create_link(domain.alice), fields)["Location"] == ACCOUNT
    confirm(nobody, NEW_PASSWORD)
    assert nobody.post(f"{ACCOUNT}app/remove/")["Location"] == ACCOUNT
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_alone_changes_no_factor(
    alice_in: Visitor, domain: Domain, settings: Settings, page: str, method: str
) -> None:
    settings.EMAIL_HOST = "mail.example"
    give_app(domain.alice)
    if page == "app/":
        Authenticator.objects.filter(type="totp").update(type="webauthn")
    kept = list(Authenticator.objects.values_list("type", "data"))
    fields = {"code": shown(), "email": "a@example.org", "action_add": "1"}
    answer = getattr(alice_in, method)(f"{ACCOUNT}{page}", fields)
    assert answer["Location"].startswith(f"{ACCOUNT}confirm/?next=")
    assert list(Authenticator.objects.values_list("type", "data")) == kept


def test_of_what_waits_for_a_confirmation_nothing_is_kept_in_the_session(alice_in: Visitor) -> None:
    alice_in.post(f"{ACCOUNT}app/", {"code": "271828"})
    assert "271828" not in str(alice_in.client.session.items())


def test_a_confirmation_lasts_five_minutes_and_a_sign_in_is_none(
    alice_in: Visitor, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert alice_in.get(f"{ACCOUNT}codes/new/").status_code == 302
    confirm(alice_in)
    assert alice_in.get(f"{ACCOUNT}codes/new/").status_code == 200
    now = __import__("time").time()
    monkeypatch.setattr("time.time", lambda: now + 301)
    assert alice_in.get(f"{ACCOUNT}codes/new/").status_code == 302


def test_a_code_confirms_as_well_and_is_used_up_by_it(alice_in: Visitor, codes: list[str]) -> None:
    address = f"{ACCOUNT}confirm/code/"
    assert alice_in.post(address, {"code": "000000"}).status_code == 400
    assert alice_in.post(address, {"code": shown(), "next": f"{ACCOUNT}codes/new/"})["Location"].endswith("/codes/new/")
    assert alice_in.get(f"{ACCOUNT}codes/new/").status_code == 200
    visitor = Visitor()
    visitor.sign_in()
    assert visitor.code(shown()).status_code == 400


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example"])
def test_a_confirmation_leads_to_no_other_host(alice_in: Visitor, elsewhere: str) -> None:
    answer = alice_in.post(f"{ACCOUNT}confirm/", {"password": "alice", "next": elsewhere})
    assert "evil" not in answer["Location"]


ADDRESSES = ["", "password/", "confirm/", "confirm/code/", "confirm/passkey/", "confirm/sso/", "app/", "app/remove/"]
ADDRESSES += ["passkeys/", "passkeys/1/remove/", "codes/", "codes/new/", "sessions/end/", "sso/connect/", "mail/"]


@pytest.mark.parametrize("address", [*ADDRESSES, "sso/disconnect/", "mail/abc/"])
def test_nobody_is_sent_to_the_sign_in(nobody: Visitor, address: str) -> None:
    for answer in (nobody.get(ACCOUNT + address), nobody.post(ACCOUNT + address)):
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next=")


def test_everybody_has_an_account_page_of_their_own(domain: Domain, codes: list[str]) -> None:
    for name in ("bob", "charlie"):
        visitor = Visitor()
        visitor.sign_in(name, name)
        page = visitor.get(ACCOUNT).content.decode()
        assert "set up an app" in page and "codes left" not in page
        confirm(visitor, name)
        assert visitor.post(f"{ACCOUNT}app/remove/").status_code == 404
        assert visitor.post(f"{ACCOUNT}codes/new/").status_code == 400
    assert Authenticator.objects.count() == 2


def test_new_recovery_codes_end_the_former_ones(alice_in: Visitor, codes: list[str]) -> None:
    confirm(alice_in)
    assert alice_in.post(f"{ACCOUNT}codes/new/")["Location"] == f"{ACCOUNT}codes/"
    fresh = re.findall(r"<li><code>([^<]+)", alice_in.get(f"{ACCOUNT}codes/").content.decode())
    visitor = Visitor()
    visitor.sign_in()
    assert visitor.code(codes[0]).status_code == 400
    assert visitor.code(fresh[0]).status_code == 303


def test_recovery_codes_have_more_than_fifty_bits(codes: list[str]) -> None:
    assert all(len(code) == 16 and code.isdigit() for code in codes) and len(set(codes)) == CODES


def superuser(domain: Domain) -> None:
    User.objects.filter(pk=domain.alice.pk).update(is_superuser=True, is_staff=True)


def test_an_installation_leads_its_superusers_to_a_second_factor_first(
    alice_in: Visitor, domain: Domain, settings: Settings
) -> None:
    settings.SECOND_FACTOR = "superusers"
    assert alice_in.is_in, "it does not concern others"
    superuser(domain)
    for address in ("/sites/", "/admin/", "/operations/", "/new/", "/settings/", "/all/"):
        assert alice_in.get(address)["Location"] == ACCOUNT
        assert alice_in.post(address)["Location"] == ACCOUNT
    assert alice_in.get("/sites/", headers={"HX-Request": "true"})["HX-Redirect"] == ACCOUNT
    assert "asks for a second factor" in alice_in.get(ACCOUNT).content.decode()
    confirm(alice_in)
    alice_in.post(f"{ACCOUNT}app/", {"code": shown(set_up(alice_in))})
    assert alice_in.is_in


def test_who_must_have_a_factor_keeps_the_last_one(alice_in: Visitor, domain: Domain, settings: Settings) -> None:
    settings.SECOND_FACTOR = "everybody"
    give_app(domain.alice)
    confirm(alice_in)
    for answer in (alice_in.get(f"{ACCOUNT}app/remove/"), alice_in.post(f"{ACCOUNT}app/remove/")):
        assert "is your only one" in answer.content.decode()
    Authenticator.objects.filter(type="totp").delete()
    passkey = Authenticator.objects.create(user=domain.alice, type="webauthn", data={"name": "stick"})
    answer = alice_in.post(f"{ACCOUNT}passkeys/{passkey.pk}/remove/")
    assert answer.status_code == 400 and "is your only one" in answer.content.decode()
    give = Authenticator.objects.create(user=domain.alice, type="webauthn", data={"name": "phone"})
    assert alice_in.post(f"{ACCOUNT}passkeys/{give.pk}/remove/").status_code == 302


def test_the_secret_stays_the_one_whose_square_was_read(alice_in: Visitor) -> None:
    confirm(alice_in)
    secret = set_up(alice_in)
    alice_in.post(f"{ACCOUNT}app/", {"code": "000000"})
    assert alice_in.post(f"{ACCOUNT}app/", {"code": shown(secret)}).status_code == 302
    assert SECRET != secret


def test_a_second_app_is_not_set_up_beside_the_first(alice_in: Visitor, codes: list[str]) -> None:
    confirm(alice_in)
    assert alice_in.get(f"{ACCOUNT}app/")["Location"] == f"{ACCOUNT}app/remove/"
