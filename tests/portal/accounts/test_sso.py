"""Single sign-on with a real provider, and with one that does not keep to the rules."""

import base64
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpResponse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pytest_django import Settings

from sites.models import Operation
from tests.domain import Domain
from tests.fakes.openid_provider import CLIENT, SECRET, OpenIDProvider, Person
from tests.portal.accounts.conftest import ACCOUNT, Visitor, confirm, give_app, shown

CALLBACK = "/sign-in/sso/callback/"


@pytest.fixture
def provider(domain: Domain, settings: Settings) -> Iterator[OpenIDProvider]:
    """ACME's provider, which the installation names; Dora works there."""
    settings.PORTAL_URL = "http://localhost:8080"
    with OpenIDProvider(settings.PORTAL_URL + CALLBACK).running() as provider:
        dora = {"preferred_username": "dora", "email": "dora@acme.example", "email_verified": True, "name": "Dora D"}
        provider.people["d-1"] = Person("d-1", dora)
        provider.people["a-1"] = Person("a-1", {"preferred_username": "alice", "email": "alice@acme.example"})
        settings.OIDC_ISSUER, settings.OIDC_NAME = provider.issuer, "ACME"
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
        settings.OIDC_NEW_PEOPLE = True
        app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
        more = {"client_id": CLIENT, "secret": SECRET, "name": "ACME", "settings": {"server_url": provider.issuer}}
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [{**app, **more}]}}
        yield provider


def leave(visitor: Visitor, path: str = "/sign-in/sso/", **fields: str) -> str:
    """The address of the provider to which the browser is led."""
    page = visitor.post(path, fields).content.decode()
    return re.search(r'id="leave" href="([^"]+)"', page)[1].replace("&amp;", "&")


def at_provider(address: str, subject: str, answer: str = "yes") -> str:
    """Sign in there; returns the path by which the browser comes back."""
    back = httpx.post(address, data={"subject": subject, "answer": answer})
    assert back.status_code == 302, back.text
    return back.headers["Location"].removeprefix("http://localhost:8080")


def sign_in(visitor: Visitor, subject: str = "d-1", **fields: str) -> HttpResponse:
    return visitor.get(at_provider(leave(visitor, **fields), subject))


def test_a_person_who_is_new_gets_an_account_without_rights(
    provider: OpenIDProvider, django_capture_on_commit_callbacks: Callable
) -> None:
    visitor = Visitor()
    assert "sign in with ACME" in visitor.get("/sign-in/").content.decode()
    answer = sign_in(visitor, next="/operations/")
    assert (answer.status_code, answer["Location"]) == (303, "/operations/")
    dora = User.objects.get(username="dora")
    assert not dora.has_usable_password() and not dora.is_staff and not dora.is_superuser
    assert not dora.memberships.exists() and visitor.is_in
    assert EmailAddress.objects.get(user=dora).verified
    assert Operation.objects.filter(outcome="The account 'dora' was made at its first sign-in with ACME.").exists()
    again = Visitor()
    assert sign_in(again)["Location"] == "/sites/" and User.objects.filter(username__istartswith="dora").count() == 1


def test_the_request_has_state_nonce_and_a_challenge_and_the_secret_stays_here(provider: OpenIDProvider) -> None:
    visitor = Visitor()
    seen = [parse_qs(urlsplit(leave(visitor)).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert len(seen[0][name][0]) >= 16 and seen[0][name] != seen[1][name]
    assert seen[0]["code_challenge_method"] == ["S256"] and seen[0]["response_type"] == ["code"]
    assert seen[0]["redirect_uri"] == ["http://localhost:8080" + CALLBACK]
    assert SECRET not in leave(visitor) and "prompt" not in seen[0]


def test_nothing_of_the_providers_is_kept(provider: OpenIDProvider) -> None:
    sign_in(Visitor())
    assert SocialAccount.objects.get().extra_data == {} and not SocialToken.objects.exists()
    token = next(iter(provider.tokens))
    assert not [one for one in Session.objects.all() if token in str(one.get_decoded())]


def test_without_leave_nobody_new_comes_in(provider: OpenIDProvider, settings: Settings) -> None:
    settings.OIDC_NEW_PEOPLE = False
    visitor = Visitor()
    answer = sign_in(visitor)
    assert answer.status_code == 401 and "No account here belongs to that" in answer.content.decode()
    assert not visitor.is_in and not User.objects.filter(username="dora").exists()


@pytest.mark.parametrize("name", ["alice", "ALICE", "admin user!", ""])
def test_a_name_that_is_taken_or_none_leads_into_no_account(provider: OpenIDProvider, name: str) -> None:
    provider.people["a-1"].claims["preferred_username"] = name
    visitor = Visitor()
    answer = sign_in(visitor, "a-1")
    assert answer.status_code == 401 and "in use here, or cannot be one" in answer.content.decode()
    assert not visitor.is_in and not SocialAccount.objects.exists() and User.objects.count() == 3


def test_a_mail_address_of_somebody_else_leads_into_no_account(provider: OpenIDProvider, domain: Domain) -> None:
    User.objects.filter(pk=domain.alice.pk).update(email="dora@acme.example")
    EmailAddress.objects.create(user=domain.alice, email="dora@acme.example", verified=True, primary=True)
    sign_in(Visitor())
    dora = User.objects.get(username="dora")
    assert dora.email == "" and SocialAccount.objects.get().user == dora
    assert not EmailAddress.objects.filter(user=dora).exists()


def test_an_account_is_connected_by_its_person_who_confirms_it(provider: OpenIDProvider, alice_in: Visitor) -> None:
    asked = alice_in.post(f"{ACCOUNT}sso/connect/")
    assert asked["Location"].startswith(f"{ACCOUNT}confirm/")
    confirm(alice_in)
    back = at_provider(leave(alice_in, f"{ACCOUNT}sso/connect/"), "a-1")
    assert alice_in.get(back)["Location"] == ACCOUNT
    assert "You can sign in with your account of ACME" in alice_in.get(ACCOUNT).content.decode()
    assert Operation.objects.filter(outcome="'alice' can sign in with ACME from now on.").exists()
    visitor = Visitor()
    sign_in(visitor, "a-1")
    assert visitor.get("/sites/").context["user"].username == "alice"
    assert alice_in.post(f"{ACCOUNT}sso/disconnect/")["Location"] == ACCOUNT
    assert not SocialAccount.objects.exists()


def test_an_account_there_is_connected_with_one_here(provider: OpenIDProvider, alice_in: Visitor) -> None:
    sign_in(Visitor())
    confirm(alice_in)
    answer = alice_in.get(at_provider(leave(alice_in, f"{ACCOUNT}sso/connect/"), "d-1"))
    assert answer.status_code == 401 and "leads to another account here" in answer.content.decode()
    assert SocialAccount.objects.get().user.username == "dora"


def test_who_has_nothing_else_keeps_it_and_confirms_changes_there(provider: OpenIDProvider) -> None:
    dora = Visitor()
    sign_in(dora)
    page = dora.get(ACCOUNT).content.decode()
    assert "oldpassword" not in page and dora.get(f"{ACCOUNT}password/").status_code == 404
    assert dora.get(f"{ACCOUNT}app/").status_code == 200
    answer = dora.post(f"{ACCOUNT}sso/disconnect/")
    assert answer.status_code == 400 and "the only way in" in answer.content.decode()
    session = dora.client.session
    session["account_authentication_methods"][-1]["at"] -= 301
    session.save()
    asked = dora.get(f"{ACCOUNT}app/")
    assert asked["Location"] == f"{ACCOUNT}confirm/sso/?next=%2Fsettings%2Faccount%2Fapp%2F"
    assert dora.get(asked["Location"]).status_code == 200
    address = leave(dora, asked["Location"])
    assert "prompt=login" in address and "max_age=0" in address
    assert dora.get(at_provider(address, "d-1"))["Location"] == f"{ACCOUNT}app/"
    assert dora.get(f"{ACCOUNT}app/").status_code == 200


@pytest.mark.parametrize("auth_time", [None, "now", 1_000_000_000])
def test_a_confirmation_there_has_to_be_a_new_sign_in(provider: OpenIDProvider, auth_time: object) -> None:
    dora = Visitor()
    sign_in(dora)
    session = dora.client.session
    session["account_authentication_methods"][-1]["at"] -= 301
    session.save()
    back = at_provider(leave(dora, f"{ACCOUNT}confirm/sso/?next=%2Fsettings%2Faccount%2Fapp%2F"), "d-1")
    provider.spoil = {"claims": other_claims(auth_time=auth_time)}
    answer = dora.get(back)
    assert answer.status_code == 401 and "did not ask you to sign in again" in answer.content.decode()
    assert dora.get(f"{ACCOUNT}app/").status_code == 302, "it is still not confirmed"


def test_the_owner_of_a_subscription_makes_no_link_for_such_a_person(
    provider: OpenIDProvider, domain: Domain, alice_in: Visitor
) -> None:
    """It would let the owner choose a password for somebody else."""
    sign_in(Visitor())
    page = f"/settings/subscriptions/{domain.subscription.public_id}/"
    alice_in.post(f"{page}people/", {"name": "dora", "account": "existing", "role": "reader"})
    shown_page = alice_in.get(page).content.decode()
    assert "single sign-on" in shown_page and "New link for dora" not in shown_page
    number = domain.subscription.memberships.get(user__username="dora").pk
    assert alice_in.post(f"{page}people/{number}/link/").status_code == 400


def test_a_second_factor_that_was_set_up_here_is_asked_for(provider: OpenIDProvider) -> None:
    sign_in(Visitor())
    give_app(User.objects.get(username="dora"))
    visitor = Visitor()
    assert sign_in(visitor)["Location"] == "/sign-in/code/" and not visitor.is_in
    assert visitor.code(shown())["Location"] == "/sites/" and visitor.is_in
    assert Authenticator.objects.filter(type="totp").exists()


def test_an_account_that_is_switched_off_stays_out(provider: OpenIDProvider) -> None:
    sign_in(Visitor())
    User.objects.filter(username="dora").update(is_active=False)
    visitor = Visitor()
    assert sign_in(visitor)["Location"] == "/sign-in/" and not visitor.is_in


def other_claims(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {name: value for name, value in {**claims, **changes}.items() if value is not None}


def by_another_key(signed: str) -> str:
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    return jwt.encode({"alg": "RS256", "kid": "key 1"}, claims, RSAKey.generate_key(2048), ["RS256"])


def without_signature(signed: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"key 1"}').decode().rstrip("=")
    return f"{header}.{signed.split('.')[1]}."


def by_the_clients_secret(signed: str) -> str:
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    return jwt.encode({"alg": "HS256", "kid": "key 1"}, claims, OctKey.import_key(SECRET * 3), ["HS256"])


SPOILED: dict[str, dict[str, Callable[[Any], Any]]] = {
    "another nonce": {"claims": other_claims(nonce="made up")},
    "no nonce": {"claims": other_claims(nonce=None)},
    "another client": {"claims": other_claims(aud="another")},
    "several clients": {"claims": other_claims(aud=[CLIENT, "another"], azp="another")},
    "another issuer": {"claims": other_claims(iss="https://evil.example")},
    "too old": {"claims": other_claims(exp=1_000_000_000)},
    "no end": {"claims": other_claims(exp=None)},
    "of tomorrow": {"claims": other_claims(iat=4_000_000_000)},
    "nobody": {"claims": other_claims(sub=None)},
    "another key": {"token": by_another_key},
    "no signature": {"token": without_signature},
    "a shared secret": {"token": by_the_clients_secret},
    "no token": {"token": lambda _: ""},
    "nonsense": {"token": lambda _: "a.b.c"},
    "somebody else's info": {"info": lambda told: {**told, "sub": "a-1"}},
    "info of nobody": {"info": lambda told: {"preferred_username": "dora"}},
    "info that is a list": {"info": lambda told: ["dora"]},
    "another description": {"description": lambda told: {**told, "issuer": "https://evil.example"}},
    "no keys": {"description": lambda told: {**told, "jwks_uri": told["issuer"] + "/nowhere"}},
}


@pytest.mark.parametrize("what", SPOILED)
def test_an_answer_that_does_not_fit_lets_nobody_in(
    provider: OpenIDProvider, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    provider.people["a-1"].claims["preferred_username"] = "dora"
    visitor = Visitor()
    back = at_provider(leave(visitor), "d-1")
    provider.spoil = SPOILED[what]
    cache.clear()  # as after the ten minutes for which the description is kept
    with caplog.at_level(logging.WARNING):
        answer = visitor.get(back)
    assert answer.status_code == 401 and "not signed in" in answer.content.decode()
    assert not visitor.is_in and not SocialAccount.objects.exists()
    assert not User.objects.filter(username="dora").exists()
    assert "ACME" in caplog.text or "nonce" in what


def test_an_answer_is_good_once_and_in_the_browser_that_asked(provider: OpenIDProvider) -> None:
    asker, other = Visitor(), Visitor()
    back = at_provider(leave(asker), "d-1")
    assert other.get(back).status_code == 401 and not other.is_in
    leave(other)
    assert other.get(back).status_code == 401 and not other.is_in
    assert asker.get(back).status_code == 303
    asker.post("/sign-out/")
    assert asker.get(back).status_code == 401 and not asker.is_in


def test_a_code_of_somebody_else_is_not_taken(provider: OpenIDProvider) -> None:
    """Neither the challenge nor the nonce fits."""
    victim, attacker = Visitor(), Visitor()
    stolen = parse_qs(urlsplit(at_provider(leave(victim), "d-1")).query)["code"][0]
    own = parse_qs(urlsplit(at_provider(leave(attacker), "a-1")).query)["state"][0]
    assert attacker.get(CALLBACK, {"code": stolen, "state": own}).status_code == 401
    assert not attacker.is_in


@pytest.mark.parametrize(
    "query", [{}, {"code": "x"}, {"state": "x"}, {"code": "x", "state": "y"}, {"error": "server_error\x1b[31m"}]
)
def test_what_did_not_come_from_the_provider_is_refused(provider: OpenIDProvider, query: dict[str, str]) -> None:
    assert Visitor().get(CALLBACK, query).status_code == 401


def test_who_refuses_there_is_back_at_the_sign_in(provider: OpenIDProvider) -> None:
    visitor = Visitor()
    assert visitor.get(at_provider(leave(visitor), "d-1", "no"))["Location"] == "/sign-in/"


def test_a_provider_that_is_away_is_said_to_be(provider: OpenIDProvider, settings: Settings) -> None:
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"] = {"server_url": "http://localhost:9"}
    settings.OIDC_ISSUER = "http://localhost:9"
    answer = Visitor().post("/sign-in/sso/")
    assert answer.status_code == 401 and "ACME does not answer" in answer.content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_single_sign_on_leads_to_no_other_host(provider: OpenIDProvider, elsewhere: str) -> None:
    assert sign_in(Visitor(), next=elsewhere)["Location"] == "/sites/"


def test_nobody_is_sent_there_by_a_link_or_a_form_from_elsewhere(provider: OpenIDProvider) -> None:
    assert Visitor().get("/sign-in/sso/").status_code == 405
    assert Visitor(enforce_csrf_checks=True).post("/sign-in/sso/").status_code == 403
    address = leave(
        Visitor(), "/sign-in/sso/?auth_params=redirect_uri%3Dhttps://evil.example&scope=admin&process=connect"
    )
    assert "evil" not in address and "admin" not in address


def test_where_it_is_not_configured_there_is_nothing(domain: Domain, alice_in: Visitor) -> None:
    for path in ("/sign-in/sso/", CALLBACK):
        assert Visitor().post(path).status_code in (404, 405) and Visitor().get(path).status_code in (404, 405)
    confirm(alice_in)
    assert alice_in.post(f"{ACCOUNT}sso/connect/").status_code == 404
    assert "sign in with" not in Visitor().get("/sign-in/").content.decode().replace("sign in with a passkey", "")


def test_another_issuer_has_other_people(provider: OpenIDProvider, settings: Settings) -> None:
    """The same number there is somebody else."""
    sign_in(Visitor())
    settings.OIDC_PROVIDER = "sso-of-another"
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["provider_id"] = "sso-of-another"
    assert sign_in(Visitor()).status_code == 401, "the name is taken, and the account is another's"
