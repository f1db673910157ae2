"""What `up` says last: the way into a portal in which nobody has a password."""

import os
import tempfile

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from sites.management.welcome import sign_in_line
from sites.supervisor import systemd

pytestmark = pytest.mark.django_db


def test_a_terminal_gets_a_link_until_the_administrator_has_a_password() -> None:
    assert "/welcome/" in sign_in_line(with_link=True)
    admin = User.objects.get(username="admin")
    admin.set_password("correct horse battery")
    admin.save()
    assert sign_in_line(with_link=True) == ""


def test_a_journal_that_others_may_read_gets_no_link() -> None:
    assert "/welcome/" not in sign_in_line(with_link=False)
    assert "./greenroom password" in sign_in_line(with_link=False)


def test_a_journal_is_known_by_where_the_output_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryFile("w") as journal:
        found = os.fstat(journal.fileno())
        monkeypatch.setattr(systemd.sys, "stdout", journal)
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert systemd.writes_to_journal()
        monkeypatch.setenv("JOURNAL_STREAM", "1:1")
        assert not systemd.writes_to_journal(), "inherited from a session, and not where this goes"


def test_the_command_prints_what_up_shows(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("welcome")
    assert "/welcome/" in capsys.readouterr().out
    call_command("welcome", "--without-link")
    assert "./greenroom password" in capsys.readouterr().out
