"""The second factor: set up, asked for, used once, lost, and removed only by whoever knows the password."""

import json
import re
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from fido2.utils import websafe_decode, websafe_encode

from portal import second_factor
from portal.models import Passkey, RecoveryCode, SignInFailure, TimeCode
from portal.sign_in_limit import MOST
from portal.sign_in_links import create_link
from sites.models import Operation
from tests.domain import Domain
from tests.portal.software_key import SoftwareKey

ORDERS = (
    "/settings/account/app/remove/",
    "/settings/account/codes/",
    "/settings/account/passkeys/options/",
    "/settings/account/passkeys/1/remove/",
)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def nobody(browser: Callable[[User | None], Client]) -> Client:
    return browser(None)


@pytest.fixture
def codes(domain: Domain) -> list[str]:
    """Alice's app is set up; her recovery codes."""
    second_factor.set_app(domain.alice, SECRET, 0)
    return second_factor.new_recovery_codes(domain.alice)


def code(offset: int = 0) -> str:
    """What the app shows."""
    step = int(time.time()) // 30 + offset
    return second_factor._totp(SECRET).generate(step * 30).decode()


def password(client: Client, **more: str) -> object:
    return client.post("/sign-in/", {"username": "alice", "password": "alice", **more})


def test_an_app_is_set_up_with_a_code_that_it_shows_and_the_password(alice: Client, domain: Domain) -> None:
    page = alice.get("/settings/account/app/").content.decode()
    secret = re.search(r'setup__secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    assert "<svg" in page and "style=" not in page
    shown = second_factor._totp(secret).generate(int(time.time())).decode()
    for wrong in ({"code": shown, "password": "wrong"}, {"code": "000000", "password": "alice"}):
        assert alice.post("/settings/account/app/", wrong).status_code == 400
    assert not TimeCode.objects.exists()
    alice.post("/settings/account/app/", {"code": shown, "password": "alice"})
    assert TimeCode.objects.get(user=domain.alice).secret == secret
    first, second = (alice.get("/password/").content.decode() for _ in range(2))
    assert len(re.findall(r"<li><code>", first)) == second_factor.CODES
    assert "<li><code>" not in second and "10 codes left" in second
    assert Operation.objects.filter(kind="sign_in", actor_name="alice").count() == 1


def test_secrets_and_codes_are_not_readable_in_the_database(domain: Domain, codes: list[str]) -> None:
    row = TimeCode.objects.extra(select={"raw": "secret"}).values("raw").get()
    assert SECRET not in row["raw"]
    assert not set(codes) & set(RecoveryCode.objects.values_list("digest", flat=True))


def test_the_password_alone_signs_nobody_in_any_more(nobody: Client, codes: list[str]) -> None:
    assert password(nobody, next="/operations/")["Location"] == "/sign-in/code/"
    assert nobody.get("/sites/").status_code == 302
    wrong = nobody.post("/sign-in/code/", {"code": "123"})
    assert wrong.status_code == 400 and "used already" in wrong.content.decode()
    assert nobody.post("/sign-in/code/", {"code": code()})["Location"] == "/operations/"
    assert nobody.get("/sites/").status_code == 200


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_code_is_good_once(browser: Callable, codes: list[str], offset: int) -> None:
    shown = code(offset)
    for expected in (303, 400):
        client = browser(None)
        password(client)
        assert client.post("/sign-in/code/", {"code": shown}).status_code == expected


def test_a_recovery_code_is_good_once_however_it_is_typed(browser: Callable, codes: list[str]) -> None:
    for expected in (303, 400):
        client = browser(None)
        password(client)
        assert client.post("/sign-in/code/", {"code": codes[0].upper().replace("-", " ")}).status_code == expected
    assert RecoveryCode.objects.count() == second_factor.CODES - 1


def test_guessing_codes_is_ended_from_every_address(browser: Callable, codes: list[str]) -> None:
    for number in range(MOST):
        client = browser(None)
        password(client)
        client.post("/sign-in/code/", {"code": "000000"}, REMOTE_ADDR=f"192.0.2.{number}")
    password(client := browser(None))
    limited = client.post("/sign-in/code/", {"code": code()})
    assert limited.status_code == 429 and "./greenroom password --link --user alice" in limited.content.decode()
    SignInFailure.objects.all().delete()
    assert client.post("/sign-in/code/", {"code": code()}).status_code == 303


def test_the_second_step_is_for_whoever_made_the_first(nobody: Client, domain: Domain, codes: list[str]) -> None:
    assert nobody.get("/sign-in/code/")["Location"] == "/sign-in/"
    assert nobody.post("/sign-in/code/", {"code": code()})["Location"] == "/sign-in/"
    assert nobody.post("/sign-in/passkey/options/").status_code == 403
    assert nobody.post("/sign-in/passkey/", "{}", content_type="application/json").status_code == 403
    password(nobody)
    domain.alice.set_password("another one")
    domain.alice.save()
    assert nobody.post("/sign-in/code/", {"code": code()})["Location"] == "/sign-in/"


def test_a_link_from_the_server_lets_in_whoever_lost_everything(
    nobody: Client, domain: Domain, codes: list[str]
) -> None:
    fields = {"new_password1": "quiet green room", "new_password2": "quiet green room"}
    assert nobody.post(create_link(domain.alice), fields)["Location"] == "/password/"
    assert nobody.post("/settings/account/app/remove/", {"password": "quiet green room"})["Location"] == "/password/"
    assert not TimeCode.objects.exists() and not RecoveryCode.objects.exists()


def test_the_administrations_own_sign_in_is_no_way_round(nobody: Client, domain: Domain, codes: list[str]) -> None:
    User.objects.filter(pk=domain.alice.pk).update(is_staff=True, is_superuser=True)
    assert nobody.get("/admin/login/?next=/admin/")["Location"] == "/sign-in/?next=%2Fadmin%2F"
    assert nobody.post("/admin/login/", {"username": "alice", "password": "alice"}).status_code == 405
    assert nobody.get("/admin/").status_code == 302


@pytest.mark.parametrize("address", ORDERS)
def test_a_session_alone_changes_no_factor(alice: Client, codes: list[str], address: str) -> None:
    assert alice.post(address, {"password": "wrong"}).status_code == 400
    assert alice.get(address).status_code == 405
    assert TimeCode.objects.count() == 1 and RecoveryCode.objects.count() == second_factor.CODES


@pytest.mark.parametrize("address", [*ORDERS, "/settings/account/app/", "/settings/account/passkeys/", "/password/"])
def test_nobody_is_sent_to_the_sign_in(nobody: Client, address: str) -> None:
    assert nobody.post(address).status_code == 302


def test_everybody_has_an_account_page_of_their_own(bob: Client, charlie: Client, codes: list[str]) -> None:
    for client in (bob, charlie):
        page = client.get("/password/").content.decode()
        assert "set up an app" in page and "codes left" not in page
        name = "bob" if client is bob else "charlie"
        assert client.post("/settings/account/app/remove/", {"password": name}).status_code == 404
    assert TimeCode.objects.count() == 1


def test_new_recovery_codes_end_the_former_ones(alice: Client, browser: Callable, codes: list[str]) -> None:
    alice.post("/settings/account/codes/", {"password": "alice"})
    fresh = re.findall(r"<li><code>([^<]+)", alice.get("/password/").content.decode())
    password(client := browser(None))
    assert client.post("/sign-in/code/", {"code": codes[0]}).status_code == 400
    assert client.post("/sign-in/code/", {"code": fresh[0]}).status_code == 303


def add_passkey(client: Client, key: SoftwareKey, **more: str) -> object:
    options = client.post("/settings/account/passkeys/options/", {"password": "alice"}).json()
    body = {"name": "phone", "credential": key.make(options, **more)}
    return client.post("/settings/account/passkeys/", json.dumps(body), content_type="application/json")


def test_a_passkey_is_added_and_signs_in(alice: Client, browser: Callable, domain: Domain) -> None:
    key = SoftwareKey("http://localhost")
    assert add_passkey(alice, key).json() == {"next": "/password/"}
    assert len(re.findall(r"<li><code>", alice.get("/password/").content.decode())) == second_factor.CODES
    password(client := browser(None))
    assert "use a passkey" in client.get("/sign-in/code/").content.decode()
    answer = key.prove(client.post("/sign-in/passkey/options/").json())
    send = {"data": json.dumps(answer), "content_type": "application/json"}
    assert client.post("/sign-in/passkey/", **send).json() == {"next": "/sites/"}
    assert client.get("/sites/").status_code == 200
    assert Passkey.objects.get().last_used_at
    password(again := browser(None))
    assert again.post("/sign-in/passkey/", **send).status_code == 400, "an answer is good once"


def test_a_passkey_answers_to_the_portal_only(alice: Client, browser: Callable) -> None:
    assert add_passkey(alice, SoftwareKey("http://contoso.localhost")).status_code == 400
    assert add_passkey(alice, SoftwareKey("http://localhost"), challenge=websafe_encode(b"x" * 32)).status_code == 400
    assert not Passkey.objects.exists()
    key = SoftwareKey("http://localhost")
    add_passkey(alice, key)
    key.origin = "http://contoso.localhost"
    password(client := browser(None))
    answer = key.prove(client.post("/sign-in/passkey/options/").json())
    refused = client.post("/sign-in/passkey/", json.dumps(answer), content_type="application/json")
    assert refused.status_code == 400 and "not recognised" in refused.json()["sentence"]
    assert websafe_decode(answer["id"]) == key.credential_id


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"name": 1, "credential": {}}', '{"name": "a", "credential": "x"}'])
def test_nonsense_is_no_passkey(alice: Client, browser: Callable, codes: list[str], body: str) -> None:
    alice.post("/settings/account/passkeys/options/", {"password": "alice"})
    for address in ("/settings/account/passkeys/",):
        assert alice.post(address, body, content_type="application/json").status_code == 400
    password(client := browser(None))
    client.post("/sign-in/passkey/options/")
    assert client.post("/sign-in/passkey/", body, content_type="application/json").status_code == 400


def test_a_passkey_of_somebody_else_cannot_be_removed(alice: Client, bob: Client) -> None:
    add_passkey(alice, SoftwareKey("http://localhost"))
    address = f"/settings/account/passkeys/{Passkey.objects.get().pk}/remove/"
    assert bob.post(address, {"password": "bob"}).status_code == 404
    assert alice.post(address, {"password": "alice"}).status_code == 302
    assert not Passkey.objects.exists() and not RecoveryCode.objects.exists()
