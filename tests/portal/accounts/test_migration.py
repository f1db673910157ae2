"""Factors that were set up before allauth had them go on working: rows as the former code wrote them."""

import base64
import json
import time
from collections.abc import Iterator
from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.crypto import salted_hmac
from fido2.webauthn import AttestationObject, AttestedCredentialData

from sites.keyring import key_file
from sites.models.fields import encrypt
from tests.portal.accounts.conftest import ACCOUNT, SECRET, Visitor, confirm
from tests.portal.accounts.software_key import SoftwareKey
from tests.portal.accounts.test_passkeys import options_on

FORMER = ("TimeCode", "Passkey", "RecoveryCode")
CODES = ["abcd-efgh-jkmn", "pqrs-tuvw-xyz2"]
migration = import_module("portal.migrations.0004_accounts_by_allauth")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def former() -> Iterator[Apps]:
    """The models of before, with their tables."""
    before = [("portal", "0003_preference"), ("mfa", "0003_authenticator_type_uniq")]
    state = MigrationExecutor(connection).loader.project_state(before)
    models = [state.apps.get_model("portal", name) for name in FORMER]
    with connection.schema_editor() as editor:
        for model in models:
            editor.create_model(model)
    yield state.apps
    with connection.schema_editor() as editor:
        for model in models:
            editor.delete_model(model)


def former_digest(user: User, code: str) -> str:
    """As the former code kept a recovery code."""
    typed = "".join(letter for letter in code.lower() if letter.isalnum())
    secret = key_file(settings.KEY_FILE).read().codes
    return salted_hmac("portal.recovery_code", f"{user.pk}:{typed}", secret=secret, algorithm="sha256").hexdigest()


def make_alice() -> User:
    return User.objects.create_user("alice", password="alice")


def give_codes(former: Apps, user: User) -> None:
    for code in CODES:
        former.get_model("portal", "RecoveryCode").objects.create(user_id=user.pk, digest=former_digest(user, code))


def signed_in_with(code: str) -> int:
    visitor = Visitor()
    visitor.sign_in()
    return visitor.code(code).status_code


def test_an_app_its_last_code_and_the_recovery_codes_go_on(former: Apps) -> None:
    alice = make_alice()
    now = int(time.time())
    with connection.cursor() as cursor:  # encrypted by the former field, byte by byte
        cursor.execute(
            "INSERT INTO portal_timecode (user_id, secret, last_step, created_at) VALUES (%s, %s, %s, %s)",
            [alice.pk, encrypt(SECRET), now // 30 - 1, "2026-01-02 03:04:05"],
        )
    give_codes(former, alice)
    migration.take_over(former, None)
    row = Authenticator.objects.get(type="totp")
    assert SECRET not in json.dumps(row.data) and row.created_at.year == 2026
    app = TOTP(base64.b32decode(SECRET), 6, SHA1(), 30)  # noqa: S303
    assert signed_in_with(app.generate(now - 30).decode()) == 400, "it was used before"
    assert signed_in_with(app.generate(now).decode()) == 303
    assert [signed_in_with(CODES[0].upper()), signed_in_with(CODES[0])] == [303, 400]
    assert signed_in_with(former_digest(alice, CODES[1])) == 400, "what is kept is no code"
    visitor = Visitor()
    visitor.sign_in()
    visitor.code(CODES[1].replace("-", " "))
    assert "0 codes left" in visitor.get(ACCOUNT).content.decode()
    confirm(visitor)
    shown = visitor.get(f"{ACCOUNT}codes/").content.decode()
    assert "You saw your codes once" in shown and former_digest(alice, CODES[1]) not in shown


def test_a_passkey_and_its_recovery_codes_go_on(former: Apps) -> None:
    alice = make_alice()
    key = SoftwareKey("http://localhost")
    made = key.make({"rp": {"id": "localhost"}, "challenge": "AA"})
    attestation = AttestationObject(base64.urlsafe_b64decode(made["response"]["attestationObject"] + "=="))
    credential = attestation.auth_data.credential_data
    assert isinstance(credential, AttestedCredentialData)
    kept = {"user_id": alice.pk, "name": "key ring", "credential": bytes(credential)}
    former.get_model("portal", "Passkey").objects.create(**kept, last_used_at="2026-05-06T07:08:09Z")
    give_codes(former, alice)
    migration.take_over(former, None)
    visitor = Visitor()
    assert visitor.sign_in()["Location"] == "/sign-in/code/"
    proof = key.prove(options_on(visitor.get("/sign-in/code/"), "request_options"))
    assert visitor.post("/sign-in/code/", {"credential": json.dumps(proof)}).status_code == 303
    row = Authenticator.objects.get(type="webauthn")
    assert str(row) == "key ring" and row.last_used_at.year >= 2026
    assert "key ring" in visitor.get(ACCOUNT).content.decode()
    assert signed_in_with(CODES[0]) == 303
    options = Visitor()
    options.sign_in()
    asked = options_on(options.get("/sign-in/code/"), "request_options")
    assert [one["id"] for one in asked["allowCredentials"]] == [made["id"]]


def test_who_had_no_factor_has_none_and_signs_in_as_before(former: Apps) -> None:
    make_alice()
    migration.take_over(former, None)
    assert Visitor().sign_in().status_code == 303
    assert not Authenticator.objects.exists()


def test_nothing_of_the_former_tables_is_left() -> None:
    tables = connection.introspection.table_names()
    assert [name for name in tables if name.startswith("portal_")] == ["portal_knownbrowser", "portal_preference"]
