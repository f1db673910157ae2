"""What `up` says last: the way into a portal in which nobody has a password."""

import os
import tempfile

import pytest
from django.contrib.auth.models import User
from django.db import connection

from sites.management.welcome import sign_in_line
from sites.supervisor import systemd

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own


def test_a_terminal_gets_a_link_until_the_administrator_has_a_password() -> None:
    assert "/welcome/" in sign_in_line()
    admin = User.objects.get(username="admin")
    admin.set_password("correct horse battery")
    admin.save()
    assert sign_in_line() == ""


def test_a_journal_that_others_may_read_gets_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryFile("w") as journal:
        found = os.fstat(journal.fileno())
        monkeypatch.setattr(systemd.sys, "stdout", journal)
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert "/welcome/" not in sign_in_line()
        assert "./greenroom password" in sign_in_line()
        monkeypatch.setenv("JOURNAL_STREAM", "1:1")
        assert "/welcome/" in sign_in_line(), "inherited from a session, and not where this goes"
