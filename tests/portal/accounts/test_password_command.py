"""`./greenroom password`: a new password or a link, for somebody who exists."""

import io
import re

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from sites.models import Operation
from tests.domain import Domain
from tests.portal.accounts.conftest import NEW_PASSWORD, Visitor


def test_a_link_leads_in_once(domain: Domain, capsys: pytest.CaptureFixture) -> None:
    call_command("password", "--user", "alice", "--link")
    link = re.search(r"(/welcome/\S+)", capsys.readouterr().out)[1]
    chosen = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert [Visitor().post(link, chosen).status_code for _ in range(2)] == [302, 410]


def test_a_new_password_signs_everybody_out_and_is_told(
    alice_in: Visitor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NEW_PASSWORD}\n"))
    call_command("password", "--user", "alice")
    assert not alice_in.is_in and Visitor().sign_in(password=NEW_PASSWORD).status_code == 303
    record = Operation.objects.get(kind="password")
    assert record.actor_name == "the command line" and record.actor.username == "alice"


@pytest.mark.parametrize("options", [[], ["--link"]])
def test_a_name_with_a_mistake_makes_no_administrator(
    domain: Domain, options: list[str], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        call_command("password", "--user", "alicce", *options)
    assert "Nobody here has the name 'alicce'" in capsys.readouterr().err
    assert not User.objects.filter(username="alicce").exists()


def test_the_administrator_is_made_when_there_is_none(domain: Domain, capsys: pytest.CaptureFixture) -> None:
    call_command("password", "--link")
    assert User.objects.get(username="admin").is_superuser


def test_a_weak_password_is_refused(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(SystemExit):
        call_command("password", "--user", "alice")
    assert "at least 12 characters" in capsys.readouterr().err
