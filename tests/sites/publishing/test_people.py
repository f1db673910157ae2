"""Deployment credentials of people: which web sites they open, what is recorded, and how guessing is ended."""

import base64
from collections.abc import Iterator

import pytest
from django.test import Client

from sites.errors import SettingRefused, SignInBusy
from sites.models import Deployment, DeploymentUser, Membership, Operation, Role, Slot
from sites.publishing import people
from sites.services.deployment_users import set_up
from tests.domain import Domain

PASSWORD = "correct horse battery"
STAGING = "contoso-staging.scm.localhost"


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(people, "remembered", people.Remembered(people.REMEMBERED_SECONDS, people.MAX_REMEMBERED))
    monkeypatch.setattr(people, "known", people.Remembered(people.KNOWN_SECONDS, people.MAX_KNOWN))
    yield


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    """Alice, who owns the web site, has deployment credentials."""
    set_up(acting_user=domain.alice, name="alice-ci", password=PASSWORD)
    return domain.staged()


def ask(name: str, password: str = PASSWORD, *, host: str = STAGING, method: str = "GET", address: str = "192.0.2.1"):
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    path = "/api/settings" if method == "GET" else "/api/vfs/site/wwwroot/new.txt"
    return Client(REMOTE_ADDR=address).generic(method, path, b"x", HTTP_HOST=host, HTTP_AUTHORIZATION=f"Basic {pair}")


def test_they_open_every_slot_of_the_web_sites_that_the_person_may_change(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    for host in (STAGING, "contoso.scm.localhost"):
        assert ask("alice-ci", host=host).status_code == 200
        assert ask("Alice-CI", host=host).status_code == 200, "a name has no case"
    assert ask("alice-ci", host="nothing.scm.localhost").status_code == 401


def test_what_they_publish_is_the_persons(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    assert ask("alice-ci", method="PUT").status_code == 202
    deployment = Deployment.objects.first()
    assert deployment.author == "alice"
    assert deployment.operation.actor == domain.alice


def test_a_reader_is_told_whom_to_ask_and_a_stranger_nothing(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    set_up(acting_user=domain.bob, name="bob-ci", password=PASSWORD)
    set_up(acting_user=domain.charlie, name="charlie-ci", password=PASSWORD)
    before = Deployment.objects.count()
    reader = ask("bob-ci", method="PUT")
    assert (reader.status_code, reader.json()["code"]) == (403, "NotAllowed")
    stranger = ask("charlie-ci", method="PUT")
    assert (stranger.status_code, stranger.json()["code"]) == (401, "NotAuthenticated")
    assert Deployment.objects.count() == before


def test_they_end_with_the_role_the_account_and_a_new_password(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    assert ask("alice-ci").status_code == 200
    set_up(acting_user=domain.alice, name="alice-ci", password=f"{PASSWORD} staple")
    assert ask("alice-ci").status_code == 401
    assert ask("alice-ci", f"{PASSWORD} staple").status_code == 200
    Membership.objects.filter(user=domain.alice).update(role=Role.READER)
    assert ask("alice-ci", f"{PASSWORD} staple").status_code == 403
    domain.alice.is_active = False
    domain.alice.save()
    assert ask("alice-ci", f"{PASSWORD} staple").status_code == 401


def test_guessing_is_ended_also_for_the_right_password(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    for number in range(people.NAME.most):
        assert ask("alice-ci", "wrong", address=f"198.51.100.{number}").status_code == 401
    limited = ask("alice-ci")
    assert (limited.status_code, limited.json()["code"]) == (429, "PublishingLimited")
    assert int(limited["Retry-After"]) > 0


def test_one_address_does_not_keep_a_person_out_elsewhere(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    found = [ask("alice-ci", "wrong", address="198.51.100.1").status_code for _ in range(people.NAME.most)]
    assert found == [401] * people.NAME_AND_ADDRESS.most + [429] * (people.NAME.most - people.NAME_AND_ADDRESS.most)
    assert ask("alice-ci").status_code == 200


def test_a_pipeline_that_was_right_before_is_kept_out_by_no_stranger(
    domain: Domain, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("alice-ci").status_code == 200
    monkeypatch.setattr(people, "remembered", people.Remembered(0.0, people.MAX_REMEMBERED))  # five minutes later
    for number in range(people.NAME.most + 1):
        ask("alice-ci", "wrong", address=f"198.51.100.{number}")
    assert ask("alice-ci", address="203.0.113.1").status_code == 429, "from somewhere else no try is accepted"
    assert ask("alice-ci").status_code == 200
    found = [ask("alice-ci", "wrong").status_code for _ in range(people.KNOWN.most + 1)]
    assert (found[0], found[-1]) == (401, 429), "guessing is ended there too"


def test_a_try_that_was_not_looked_at_is_none(
    domain: Domain, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bool:
        raise SignInBusy(seconds=1, retry_after=1)

    with monkeypatch.context() as crowded:
        crowded.setattr("sites.services.deployment_users.is_password", busy)
        found = {ask("alice-ci").status_code for _ in range(people.NAME.most + 1)}
    assert found == {429}
    assert ask("alice-ci").status_code == 200


def test_many_names_from_one_address_are_ended(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    found = {ask(f"nobody{number}", "wrong").status_code for number in range(people.ADDRESS.most)}
    assert found <= {401, 429}
    assert ask("alice-ci").status_code == 429


def test_right_ones_take_no_try_and_are_looked_at_once(
    domain: Domain, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("alice-ci").status_code == 200
    monkeypatch.setattr("sites.services.deployment_users.check_password", lambda *_: pytest.fail("hashed again"))
    for _ in range(people.NAME.most + 5):
        assert ask("alice-ci").status_code == 200


def test_the_password_is_kept_as_a_hash_and_setting_up_is_recorded(domain: Domain) -> None:
    record = set_up(acting_user=domain.alice, name="alice-ci", password=PASSWORD)
    found = DeploymentUser.objects.get()
    assert PASSWORD not in found.password and "$" in found.password
    assert "with the user 'alice-ci'" in record.outcome and PASSWORD not in record.outcome
    assert Operation.objects.get().actor == domain.alice


@pytest.mark.parametrize("name", ["", "ab", "$contoso", "a b", "a@b.example", "-ab", "ab-", "x" * 41, "a:b", "ä" * 5])
def test_no_other_name_is_taken(domain: Domain, name: str) -> None:
    with pytest.raises(SettingRefused, match="nothing was saved"):
        set_up(acting_user=domain.alice, name=name, password=PASSWORD)


def test_a_name_is_one_persons_and_a_password_as_good_as_at_the_sign_in(domain: Domain) -> None:
    set_up(acting_user=domain.alice, name="builds", password=PASSWORD)
    with pytest.raises(SettingRefused, match="Somebody else has the deployment user 'BUILDS'"):
        set_up(acting_user=domain.bob, name="BUILDS", password=PASSWORD)
    with pytest.raises(SettingRefused, match="Choose another password"):
        set_up(acting_user=domain.bob, name="bob-ci", password="short")
    assert DeploymentUser.objects.count() == 1
