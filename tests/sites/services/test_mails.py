"""Mails go out by a worker, once what they tell is committed, and again while the mail server is away."""

from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from sites import tasks
from sites.jobs import mail as job
from sites.services import mails

LETTER = {"to": "alice@example.org", "subject": "Something\nhas changed", "body": "It has."}


@pytest.fixture(autouse=True)
def _worker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_HOST = "mail.example"
    monkeypatch.setattr(tasks.send_mail, "delay", lambda *given: tasks.send_mail.apply(given))


@pytest.mark.django_db
def test_a_mail_is_sent_once_its_change_is_committed(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        mails.send(**LETTER)
        assert mail.outbox == []
    [sent] = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["alice@example.org"], "Something has changed", "It has.")


@pytest.mark.django_db
@pytest.mark.parametrize(("host", "to"), [("", "alice@example.org"), ("mail.example", "")])
def test_without_a_server_or_an_address_nothing_is_sent(
    settings: Settings, django_capture_on_commit_callbacks: Any, host: str, to: str
) -> None:
    settings.EMAIL_HOST = host
    with django_capture_on_commit_callbacks(execute=True):
        mails.send(**{**LETTER, "to": to})
    assert mail.outbox == []


def test_a_mail_server_that_is_away_gets_it_later(monkeypatch: pytest.MonkeyPatch) -> None:
    send, tries = job.send, []

    def away_twice(*letter: str) -> None:
        tries.append(letter)
        if len(tries) < 3:
            raise ConnectionRefusedError
        send(*letter)

    monkeypatch.setattr(job, "send", away_twice)
    assert tasks.send_mail.apply(list(LETTER.values())).successful()
    assert len(tries) == 3 and len(mail.outbox) == 1
