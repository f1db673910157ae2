"""A new key takes the place of the old one while everything goes on, and nothing is left behind under the old one."""

import ast
import io
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from cryptography.fernet import Fernet, InvalidToken
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory
from pytest_django import Settings

from portal import signing_keys
from portal.accounts import browsers, codes
from portal.accounts.links import create_link
from sites.errors import KeyFileRefused
from sites.keyring import KeyFile, Keyring, Purpose, key_file, new_key
from sites.models import (
    AcmeAccount,
    CertificateOrder,
    DeletedSlot,
    Deployment,
    EndpointCheck,
    Operation,
    Slot,
    SlotSetting,
    SourceControl,
    Swap,
)
from sites.models.clock import now
from sites.models.fields import decrypt, encrypt, keyed_digests
from sites.services import event_targets, key_rotation, one_off_commands, routers, slots
from sites.services.authority import authority
from sites.services.certificates import add_certificate
from sites.services.settings import Entry, entry_state, is_entry_state, read_settings
from tests.domain import Domain
from tests.sites.fetched_repository import URL
from tests.sites.tls.uploads import upload

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
FORMER_CODES = ("abcdefghjkmn", "pqrstuvwxyz2", "3456789abcde")
"""Recovery codes that were made before django-allauth, of which digests are kept."""
TOKEN = re.compile(r"gAAAA[\w-]+=*")
JSON_PLACES = {"mfa_authenticator.data"}
"""Where tokens stand inside JSON at rest."""
USERS_OF_ENCRYPT = {
    "sites/models/fields.py": "the columns themselves",
    "portal/sealed.py": "in the page of a browser only",
    "portal/kept_form.py": "sessions",
    "portal/accounts/codes.py": "sessions",
    "portal/accounts/views/tokens.py": "sessions",
    "portal/views/event_targets.py": "sessions",
    "portal/accounts/factors.py": "second factors",
    "sites/router/authority.py": "authority of the routers",
    "sites/tls/authority.py": "the authority's key",
}
"""Who encrypts, and which of the places of a rotation that is; a new one needs a place of its own."""


@pytest.fixture
def keys(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    """A key file of the test's own, as `up` finds it."""
    settings.KEY_FILE = tmp_path / "keys" / "secret.key"
    settings.TLS_DIR = tmp_path / "tls"
    file = key_file(settings.KEY_FILE)
    settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS = file.create().signing_keys
    monkeypatch.setattr(key_rotation, "SETTLE_SECONDS", 0.0)
    return file


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets a quarter of an hour pass."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=16)

    return lambda: monkeypatch.setattr(key_rotation, "datetime", Later)


def rotate() -> str:
    said = io.StringIO()
    call_command("key", "rotate", stdout=said)
    return said.getvalue()


def finish() -> str:
    said = io.StringIO()
    call_command("key", "rotate", finish=True, stdout=said)
    return said.getvalue()


def tokens() -> Iterator[tuple[str, str]]:
    """Every text of every table that looks like a token, with its place; also inside JSON."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            for row in cursor.fetchall():
                for column, value in zip(cursor.description, row, strict=True):
                    for token in TOKEN.findall(value) if isinstance(value, str) else ():
                        yield f"{table}.{column[0]}", token


@pytest.fixture
def full(keys: KeyFile, domain: Domain) -> Domain:
    """An installation that has something in every encrypted place."""
    production, staging = domain.staged()
    for slot in (production, staging):
        domain.save(slot, Entry("KEY", f"of {slot.name}"), Entry("MARK", slot.name, is_sticky=True))
        domain.save(slot, Entry("Db", "server=hidden", "Custom"), category="connection_strings")
    assert domain.swap(staging, production).state == "succeeded"
    domain.save(Slot.objects.get(is_production=False), Entry("KEY", "altered"))
    assert domain.roll_back(production.site, to_unaltered=True).state == "succeeded"
    _, its_staging = domain.staged("fabrikam")
    domain.save(its_staging, Entry("KEY", "of what is deleted"))
    domain.work(slots.delete_staging(acting_user=domain.alice, slot=its_staging))
    DeletedSlot.objects.update(visitor_rule={"password": "hashed"})
    add_certificate(acting_user=domain.alice, slot=production, content=upload("contoso.localhost"), password="")
    SourceControl.objects.create(
        slot=production, provider="github", url=URL, branch="main", password="token", webhook_secret="secret"
    )
    EndpointCheck.objects.create(slot=production, name="endpoint_1", url="https://example.org/", checked_at=now())
    one_off_commands.run(acting_user=domain.alice, slot=production, line="env")
    event_targets.create(
        acting_user=domain.alice,
        subscription=domain.subscription,
        title="CI",
        url="https://hooks.example.org/",
        types=["swap.failed"],
    )
    account = AcmeAccount.objects.create(directory="https://acme.example.org/", key="of the account")
    CertificateOrder.objects.create(account=account, name="contoso.example.org", key="of the certificate")
    app = {"secret": encrypt(SECRET)}
    Authenticator.objects.create(user=domain.alice, type=Authenticator.Type.TOTP, data=app)
    RecoveryCodes.activate(domain.alice)
    former = {"migrated_codes": [encrypt(codes.former_digest(domain.bob, code)) for code in FORMER_CODES]}
    Authenticator.objects.create(user=domain.bob, type=Authenticator.Type.RECOVERY_CODES, data=former)
    return domain


def second_factors(domain: Domain) -> tuple[str, list[str], list[str]]:
    """What the installation can read of apps and recovery codes."""
    app = Authenticator.objects.get(user=domain.alice, type=Authenticator.Type.TOTP)
    own, former = (RecoveryCodes(codes_of(user)).get_unused_codes() for user in (domain.alice, domain.bob))
    return decrypt(app.data["secret"]), own, former


def codes_of(user: User) -> Authenticator:
    return Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)


def accepts(user: User, code: str) -> bool:
    """Whether the sign-in takes the recovery code, which is used up by that."""
    kept = codes.former_digest(user, code) if len(code) == codes.FORMER_LENGTH else code
    return RecoveryCodes(codes_of(user)).validate_code(kept)


def test_every_encrypted_column_is_tried_here(full: Domain) -> None:
    for model, field in key_rotation.encrypted_columns():
        held = [getattr(row, field.name) for row in model._base_manager.all()]
        assert any(held), f"nothing is tried of {model._meta.label}.{field.name}: add it to the installation above"


def test_whoever_encrypts_has_a_place_in_the_rotation(settings: Settings) -> None:
    found = set()
    for path in [*(ROOT / "portal").rglob("*.py"), *(ROOT / "sites").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "encrypt":
                if "migrations" not in path.parts:  # they run before there is a second key
                    found.add(str(path.relative_to(ROOT)))
    assert found == USERS_OF_ENCRYPT.keys()
    assert set(settings.ENCRYPTED_PLACES) <= set(USERS_OF_ENCRYPT.values())


def test_nothing_is_left_under_the_old_key(keys: KeyFile, full: Domain, later: Callable[[], None]) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(full.alice)
    session = client.session
    session["kept_form"] = encrypt("typed")
    session.save()
    kept = second_factors(full)
    issuer = authority().certificate
    old = keys.read().keys
    assert "A new key is in use." in rotate()
    assert keys.read().keys[1:] == old
    later()
    assert "The old key is retired." in finish()
    (newest,) = keys.read().keys
    assert newest not in old
    places = {place for place, token in tokens() if decrypt(token) is not None}
    assert len(places) == len(list(key_rotation.encrypted_columns())) + len(JSON_PLACES)
    assert places >= JSON_PLACES
    production = Slot.objects.get(site__name="contoso", is_production=True)
    assert Entry("KEY", "of production") in read_settings(production, "app_settings")
    assert read_settings(production, "connection_strings") == [Entry("Db", "server=hidden", "Custom")]
    assert second_factors(full) == kept
    assert authority().certificate == issuer, "its key can be read"
    assert client.get("/sites/").status_code == 200, "who was signed in still is"
    assert decrypt(client.session["kept_form"]) == "typed"


def test_what_has_no_other_key_cannot_be_read_with_the_new_one(keys: KeyFile) -> None:
    token = encrypt("old")
    keys.replace(Keyring((new_key(),)))
    with pytest.raises(InvalidToken):
        decrypt(token)


def test_old_and_new_work_until_the_old_one_is_retired(keys: KeyFile, full: Domain) -> None:
    link_before = create_link(full.alice)
    token, digest = encrypt("before"), keyed_digests("page")[0]
    state = entry_state("app_settings", Entry("A", "1"))
    rotate()
    assert decrypt(token) == "before" and decrypt(encrypt("after")) == "after"
    assert digest in keyed_digests("page") and digest != keyed_digests("page")[0]
    assert is_entry_state("app_settings", Entry("A", "1"), state)
    answer = Client(SERVER_NAME="localhost").get(link_before)
    assert answer.status_code == 200 and answer.context["form"] is not None


def test_recovery_codes_outlive_the_key_that_they_were_made_under(
    keys: KeyFile, full: Domain, later: Callable[[], None]
) -> None:
    own = RecoveryCodes.activate(full.alice).get_unused_codes()
    rotate()
    assert accepts(full.alice, own[0]) and not accepts(full.alice, own[0])
    assert accepts(full.bob, FORMER_CODES[0]) and not accepts(full.bob, FORMER_CODES[0])
    later()
    finish()
    assert accepts(full.alice, own[1]) and accepts(full.bob, FORMER_CODES[1])
    rotate()
    finish()
    assert len(keys.read().keys) == 1
    assert accepts(full.alice, own[2]) and accepts(full.bob, FORMER_CODES[2])


def test_a_browser_stays_known_and_a_sign_in_that_has_begun_goes_on(
    keys: KeyFile, full: Domain, later: Callable[[], None]
) -> None:
    between, known = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    assert between.post("/sign-in/", {"login": "alice", "password": "alice"})["Location"] == "/sign-in/code/"
    assert known.post("/sign-in/", {"login": "bob", "password": "bob"}).status_code == 303
    rotate()
    assert between.get("/sign-in/code/").status_code == 200
    later()
    finish()
    request = RequestFactory().get("/sign-in/")
    request.COOKIES = {name: cookie.value for name, cookie in known.cookies.items()}
    assert browsers.known(request, "bob") and not browsers.known(request, "alice")


def test_what_is_written_meanwhile_is_written_under_the_new_key(keys: KeyFile, full: Domain) -> None:
    loaded = SlotSetting.objects.filter(name="KEY").first()
    rotate()
    loaded.save()  # loaded before, saved after
    full.save(Slot.objects.get(site__name="contoso", is_production=True), Entry("NEW", "1"))
    newest = Fernet(urlsafe_b64encode(keys.read().derived(Purpose.FIELDS)[0]))
    for _place, token in tokens():
        newest.decrypt(token.encode())


@pytest.mark.parametrize("at", range(9))
def test_a_rotation_that_is_cut_off_anywhere_is_taken_up_again(
    keys: KeyFile, full: Domain, later: Callable[[], None], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    class Killed(BaseException):
        pass

    left = at

    def step(do: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object) -> object:
            nonlocal left
            if left == 0:
                left = -1
                raise Killed
            left -= left > 0
            return do(*arguments)

        return counted

    for name in ("_replace", "renew_token"):
        monkeypatch.setattr(key_rotation, name, step(getattr(key_rotation, name)))
    monkeypatch.setattr(key_rotation, "BATCH", 2)
    with pytest.raises(Killed):
        rotate()
    held = [row.value for row in SlotSetting.objects.order_by("pk")]
    rotate()
    assert len(keys.read().keys) == 2, "no third key was made"
    later()
    finish()
    assert len(keys.read().keys) == 1
    assert [row.value for row in SlotSetting.objects.order_by("pk")] == held
    assert all(decrypt(token) is not None for _place, token in tokens())


def test_the_authority_of_the_routers_goes_on(
    keys: KeyFile, full: Domain, later: Callable[[], None], settings: Settings, tmp_path: Path
) -> None:
    settings.ROUTER_AUTHORITY = tmp_path / "authority.json"
    before = routers.authority().pem
    token = settings.ROUTER_AUTHORITY.read_text()
    rotate()
    later()
    finish()
    assert settings.ROUTER_AUTHORITY.read_text() != token
    assert routers.authority().pem == before


def test_the_old_key_stays_a_quarter_of_an_hour(keys: KeyFile, full: Domain, later: Callable[[], None]) -> None:
    with pytest.raises(SystemExit):
        finish()
    rotate()
    with pytest.raises(KeyFileRefused, match=r"Run \./greenroom key rotate --finish after \d\d:\d\d UTC"):
        key_rotation.finish()
    later()
    assert key_rotation.finish() == 1


def test_finish_finds_what_came_in_under_the_old_key(
    keys: KeyFile, full: Domain, later: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = encrypt("late")
    rotate()
    setting = SlotSetting.objects.filter(name="KEY").first()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sites_slotsetting SET value = %s WHERE id = %s", [stray, setting.pk])
    later()
    assert "looking again" in finish()
    assert SlotSetting.objects.get(pk=setting.pk).value == "late"


def test_a_key_file_that_cannot_be_changed_is_said_to_be_so(keys: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(KeyFile, "replace", refuse)
    with pytest.raises(KeyFileRefused, match="cannot be changed here"):
        key_rotation.begin(is_up=False)


def test_where_the_file_cannot_be_written_one_puts_the_new_key_there(keys: KeyFile, full: Domain) -> None:
    before = keys.read()
    said = io.StringIO()
    call_command("key", "new", stdout=said)
    assert keys.read() == before, "nothing was changed"
    keys.path.write_text(said.getvalue())
    assert keys.read().keys[1:] == before.keys
    assert "The rotation that was begun before goes on." in rotate()
    keys.path.write_text("".join(f"{line}\n" for line in without_older_keys(said.getvalue())))
    assert len(keys.read().keys) == 1 and accepts(full.bob, FORMER_CODES[0])
    assert all(decrypt(token) is not None for _place, token in tokens())


def without_older_keys(text: str) -> list[str]:
    keys = [line for line in text.splitlines() if line[:2] == "20"]
    return [line for line in text.splitlines() if line not in keys[1:]]


def test_a_value_that_no_key_reads_is_counted_and_left(keys: KeyFile, full: Domain) -> None:
    lost = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sites_slot SET publishing_password = %s", [lost])
    assert "3 readable with none of the keys" in rotate()
    assert {token for place, token in tokens() if place == "sites_slot.publishing_password"} == {lost}


def test_a_session_of_a_browser_survives_in_a_process_that_ran_before(keys: KeyFile, full: Domain) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(full.alice)
    keys.replace(Keyring((new_key(after=keys.read().keys[0]), *keys.read().keys)))
    other = SessionStore(client.session.session_key)
    other["seen"] = json.dumps("yes")
    other.save()
    assert client.get("/sites/").status_code == 200
    signing_keys.follow()
    assert client.session["seen"]


def test_what_stands_encrypted_inside_json_is_renewed_too(keys: KeyFile, full: Domain) -> None:
    data = ["plain", {"secret": encrypt("app"), "codes": [encrypt("one"), encrypt("two")], "step": 3}]
    row = Deployment.objects.first()
    Deployment.objects.filter(pk=row.pk).update(command=data)
    assert sum(done.renewed for done in key_rotation.renew_json(Deployment, "command")) == 0
    keys.replace(keys.read().with_keys(new_key(after=keys.read().keys[0]), *keys.read().keys))
    assert sum(done.renewed for done in key_rotation.renew_json(Deployment, "command")) == 3
    keys.replace(keys.read().with_keys(keys.read().keys[0]))
    plain, held = Deployment.objects.get(pk=row.pk).command
    assert (plain, held["step"], decrypt(held["secret"])) == ("plain", 3, "app")
    assert [decrypt(code) for code in held["codes"]] == ["one", "two"]


def test_the_deleted_and_the_undone_are_not_forgotten(full: Domain) -> None:
    assert DeletedSlot.objects.exists() and Swap.objects.exists()
    assert any(operation.before for operation in Operation.objects.all())
