"""Access tokens: created by whoever confirms it, shown once, listed, and revoked."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from pytest_django import Settings

from sites.models import AccessToken, Operation
from sites.services import access_tokens
from tests.domain import Domain
from tests.portal.accounts.conftest import ACCOUNT, Visitor, confirm
from tests.sites.api.program import Program

PAGE = f"{ACCOUNT}tokens/"
WANTED = {"name": "release pipeline", "scopes": ["publish", "swap"], "days": "30", "site": ""}


def text_on(page: bytes) -> str:
    found = re.search(r'id="new-token-text">([^<]+)<', page.decode())
    return found[1] if found else ""


def test_a_session_alone_sees_creates_and_revokes_no_token(alice_in: Visitor, domain: Domain) -> None:
    token, _ = access_tokens.create(acting_user=domain.alice, name="old", scopes=["read"], days=1)
    assert f"{ACCOUNT}confirm/" in alice_in.get(PAGE)["Location"]
    alice_in.post(PAGE, WANTED)
    alice_in.post(f"{PAGE}{token.pk}/revoke/")
    assert AccessToken.objects.get() == token


def test_a_token_is_shown_once_and_works(alice_in: Visitor, domain: Domain) -> None:
    domain.create()
    confirm(alice_in)
    assert alice_in.post(PAGE, {**WANTED, "site": "contoso"})["Location"] == PAGE
    first, second = (alice_in.get(PAGE).content for _ in range(2))
    text = text_on(first)
    assert text.startswith("greenroom_") and not text_on(second) and b"release pipeline" in second
    assert Program(text).get("/me").json()["scopes"] == ["publish", "swap"]
    assert b"<td>never</td>" not in alice_in.get(PAGE).content
    told = Operation.objects.get(kind="sign_in").outcome
    assert "'release pipeline' was created, for 'contoso' only: publish, swap" in told and text not in told


def test_the_text_of_a_token_is_not_readable_in_the_database(alice_in: Visitor, domain: Domain) -> None:
    confirm(alice_in)
    alice_in.post(PAGE, WANTED)
    kept = [str(session.get_decoded()) for session in Session.objects.all()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sites_accesstoken")
        kept += [str(row) for row in cursor.fetchall()]
    text = text_on(alice_in.get(PAGE).content)
    assert text and not [row for row in kept if text in row or text.removeprefix("greenroom_") in row]


def test_a_token_is_revoked_by_its_person_alone(alice_in: Visitor, domain: Domain) -> None:
    token, text = access_tokens.create(acting_user=domain.alice, name="ci", scopes=["read"], days=1)
    other, _ = access_tokens.create(acting_user=domain.bob, name="of bob", scopes=["read"], days=1)
    confirm(alice_in)
    assert b"of bob" not in alice_in.get(PAGE).content
    assert alice_in.post(f"{PAGE}{other.pk}/revoke/").status_code == 404
    assert alice_in.post(f"{PAGE}{10**18}/revoke/").status_code == 404
    assert alice_in.post(f"{PAGE}{token.pk}/revoke/")["Location"] == PAGE
    assert Program(text).get("/me").status_code == 401 and AccessToken.objects.get() == other


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 65},
        {"name": "a\x1b[31m"},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"days": "0"},
        {"days": "5000"},
        {"days": "9" * 5000},
    ],
    ids=str,
)
def test_a_token_that_cannot_be_is_refused_with_what_was_typed(alice_in: Visitor, domain: Domain, change: dict) -> None:
    confirm(alice_in)
    answer = alice_in.post(PAGE, {**WANTED, **change})
    assert answer.status_code == 400 and b"Nothing was" in answer.content
    assert not AccessToken.objects.exists()


def test_no_token_is_made_for_a_site_of_others(alice_in: Visitor, domain: Domain) -> None:
    confirm(alice_in)
    assert alice_in.post(PAGE, {**WANTED, "site": "nowhere"}).status_code == 404
    assert not AccessToken.objects.exists()


def test_who_must_have_a_second_factor_sets_it_up_before_a_token(
    alice_in: Visitor, domain: Domain, settings: Settings
) -> None:
    confirm(alice_in)
    settings.SECOND_FACTOR = "everybody"
    assert alice_in.get(PAGE)["Location"] == ACCOUNT
    assert alice_in.post(PAGE, WANTED)["Location"] == ACCOUNT and not AccessToken.objects.exists()


def test_a_person_has_a_bounded_number_of_tokens(
    alice_in: Visitor, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tokens, "MAX_TOKENS", 1)
    confirm(alice_in)
    alice_in.post(PAGE, WANTED)
    assert alice_in.post(PAGE, WANTED).status_code == 409 and AccessToken.objects.count() == 1


def test_a_token_of_a_site_goes_with_the_site(domain: Domain) -> None:
    site = domain.create()
    access_tokens.create(acting_user=domain.alice, name="ci", scopes=["read"], days=1, site_name="contoso")
    site.delete()
    assert not AccessToken.objects.exists()
