"""Passkeys: added, asked for after the password, good alone, and bound to the portal's own pages."""

import html
import json
import re
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.http import HttpResponse
from fido2.utils import websafe_encode

from portal.accounts.passkeys import MAX_PASSKEYS
from sites.models import Operation
from tests.domain import Domain
from tests.portal.accounts.conftest import ACCOUNT, Visitor, confirm
from tests.portal.accounts.software_key import SoftwareKey

ADD = f"{ACCOUNT}passkeys/"
HERE = "http://localhost"


def options_on(answer: HttpResponse, kind: str) -> dict[str, Any]:
    text = re.search(r'<script id="passkey-options" type="application/json">(.+?)</script>', answer.content.decode())[1]
    return json.loads(html.unescape(text))[kind]["publicKey"]


def add(visitor: Visitor, key: SoftwareKey, name: str = "phone", **more: str) -> HttpResponse:
    options = options_on(visitor.get(ADD), "creation_options")
    return visitor.post(ADD, {"name": name, "credential": json.dumps(key.make(options, **more))})


@pytest.fixture
def key(alice_in: Visitor, domain: Domain) -> SoftwareKey:
    """Alice's passkey."""
    key = SoftwareKey(HERE, user_pk_to_url_str(domain.alice))
    confirm(alice_in)
    assert add(alice_in, key).status_code == 302
    return key


def alone(visitor: Visitor, key: SoftwareKey, **more: Any) -> HttpResponse:
    options = visitor.get("/sign-in/passkey/").json()["request_options"]["publicKey"]
    proof = json.dumps(key.prove(options, **more.pop("flags", {})))
    return visitor.post("/sign-in/passkey/", {"credential": proof, **more})


def test_a_passkey_is_added_and_asked_for_after_the_password(alice_in: Visitor, key: SoftwareKey) -> None:
    assert "<li><code>" in alice_in.get(f"{ACCOUNT}codes/").content.decode()
    assert "<strong>phone</strong>" in alice_in.get(ACCOUNT).content.decode()
    visitor = Visitor()
    assert visitor.sign_in()["Location"] == "/sign-in/code/"
    proof = {"credential": json.dumps(key.prove(options_on(visitor.get("/sign-in/code/"), "request_options")))}
    assert visitor.post("/sign-in/code/", proof)["Location"] == "/sites/"
    assert visitor.is_in and Authenticator.objects.get(type="webauthn").last_used_at
    again = Visitor()
    again.sign_in()
    again.get("/sign-in/code/")
    assert again.post("/sign-in/code/", proof).status_code == 400, "an answer is good once"


def test_a_passkey_signs_in_alone_when_its_owner_unlocked_it(key: SoftwareKey) -> None:
    visitor = Visitor()
    assert alone(visitor, key, next="/operations/")["Location"] == "/operations/"
    assert visitor.is_in and visitor.client.session.get_expiry_age() > 11 * 3600
    touched = Visitor()
    refused = alone(touched, key, flags={"is_verified": False})
    assert refused.status_code == 400 and "not recognised" in refused.content.decode() and not touched.is_in


def test_a_passkey_signs_in_nobody_else(key: SoftwareKey, domain: Domain) -> None:
    key.user = user_pk_to_url_str(domain.bob)
    assert alone(Visitor(), key).status_code == 400
    User.objects.filter(pk=domain.alice.pk).update(is_active=False)
    key.user = user_pk_to_url_str(domain.alice)
    visitor = Visitor()
    alone(visitor, key)
    assert not visitor.is_in


@pytest.mark.parametrize(
    "origin", ["http://contoso.localhost", "http://localhost:8081", "https://localhost.evil.example", "null", ""]
)
def test_a_passkey_answers_to_the_portal_only(alice_in: Visitor, key: SoftwareKey, origin: str) -> None:
    assert add(alice_in, SoftwareKey(origin)).status_code == 400
    assert add(alice_in, SoftwareKey(HERE), challenge=websafe_encode(b"x" * 32)).status_code == 400
    assert Authenticator.objects.filter(type="webauthn").count() == 1
    key.origin = origin
    visitor = Visitor()
    refused = alone(visitor, key)
    assert refused.status_code == 400 and "not recognised" in refused.content.decode() and not visitor.is_in
    visitor.sign_in()
    proof = key.prove(options_on(visitor.get("/sign-in/code/"), "request_options"))
    assert visitor.post("/sign-in/code/", {"credential": json.dumps(proof)}).status_code == 400


NONSENSE = ["", "[]", "{}", "null", "1", '"x"', '{"response": 1}', '{"response": {"clientDataJSON": "!!"}}', "[" * 5000]
NONSENSE += ['{"id": "a", "rawId": "a", "response": {"clientDataJSON": "e30"}, "type": "public-key"}']
NONSENSE += ['{"a": "\\ud800"}', "9" * 5000, f'{{"id": {"9" * 5000}}}']


@pytest.mark.parametrize("credential", NONSENSE)
def test_nonsense_is_no_passkey(alice_in: Visitor, key: SoftwareKey, credential: str) -> None:
    alice_in.get(ADD)
    assert alice_in.post(ADD, {"name": "x", "credential": credential}).status_code == 400
    visitor = Visitor()
    visitor.get("/sign-in/passkey/")
    assert visitor.post("/sign-in/passkey/", {"credential": credential}).status_code == 400
    visitor.sign_in()
    visitor.get("/sign-in/code/")
    assert visitor.post("/sign-in/code/", {"credential": credential}).status_code == 400
    assert alice_in.post(f"{ACCOUNT}confirm/passkey/", {"credential": credential}).status_code == 400
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def test_a_passkey_confirms_a_change(alice_in: Visitor, key: SoftwareKey, monkeypatch: pytest.MonkeyPatch) -> None:
    now = __import__("time").time()
    monkeypatch.setattr("time.time", lambda: now + 400)
    assert alice_in.get(ADD).status_code == 302
    address = f"{ACCOUNT}confirm/passkey/"
    proof = key.prove(options_on(alice_in.get(address), "request_options"))
    answer = alice_in.post(address, {"credential": json.dumps(proof), "next": ADD})
    assert answer["Location"] == ADD and alice_in.get(ADD).status_code == 200


def test_a_passkey_of_somebody_else_cannot_be_removed(
    alice_in: Visitor, key: SoftwareKey, django_capture_on_commit_callbacks: Any
) -> None:
    address = f"{ADD}{Authenticator.objects.get(type='webauthn').pk}/remove/"
    bob = Visitor()
    bob.sign_in("bob", "bob")
    confirm(bob, "bob")
    assert bob.post(address).status_code == 404
    assert alice_in.get(address).status_code == 200
    assert alice_in.post(address).status_code == 302
    assert not Authenticator.objects.exists(), "recovery codes go with the last factor"
    assert Operation.objects.filter(outcome="The passkey 'phone' of 'alice' was removed.").exists()


def test_a_name_holds_no_signs_that_are_not_seen(alice_in: Visitor, domain: Domain) -> None:
    confirm(alice_in)
    assert add(alice_in, SoftwareKey(HERE), name="ph\x1b]0;one\u202e").status_code == 302
    assert str(Authenticator.objects.get(type="webauthn")) == "ph]0;one"
    assert add(alice_in, SoftwareKey(HERE), name="x" * 65).status_code == 400


def test_passkeys_are_limited_in_number(alice_in: Visitor, key: SoftwareKey, domain: Domain) -> None:
    row = Authenticator.objects.get(type="webauthn")
    for _ in range(MAX_PASSKEYS - 1):
        Authenticator.objects.create(user=domain.alice, type="webauthn", data=row.data)
    answer = add(alice_in, SoftwareKey(HERE))
    assert answer.status_code == 400 and f"at most {MAX_PASSKEYS} passkeys" in answer.content.decode()


def test_the_device_is_asked_for_a_key_that_signs_in_alone(alice_in: Visitor, domain: Domain) -> None:
    confirm(alice_in)
    options = options_on(alice_in.get(ADD), "creation_options")
    assert options["rp"] == {"id": "localhost", "name": "Greenroom"}
    assert options["user"]["name"] == "alice"
