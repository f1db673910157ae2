"""Mails and a mail server that speaks SMTP: STARTTLS, a login, and a sentence for each refusal."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from sites.jobs import mail
from tests.fakes import mail_server
from tests.fakes.mail_server import MailServer
from tests.sites.tls.uploads import upload

PASSWORD = "quiet green mail"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost with its key."""
    file = tmp_path_factory.mktemp("mail") / "localhost.pem"
    file.write_bytes(upload("localhost"))
    return file


@pytest.fixture
def server(trusted: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """One that wants STARTTLS and a login, and the settings with which it is used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "localhost", True
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = MailServer.NAME, PASSWORD
    with mail_server.running(tls=context, password=PASSWORD) as running:
        settings.EMAIL_PORT = running.port
        yield running


def hand_over() -> str:
    """Send one; returns why it was not taken, empty when it was."""
    message = EmailMessage(subject="Alert", body="It is so.", to=["ada@example.org"])
    try:
        mail.hand_over(message, seconds=5, until=float("inf"))
    except OSError as error:
        return mail.why(error)
    return ""


def test_a_mail_goes_over_starttls_with_a_login(server: MailServer) -> None:
    assert hand_over() == ""
    assert server.wait()["Subject"] == "Alert" and server.senders == [MailServer.NAME]


def test_each_refusal_of_the_mail_server_is_a_sentence(
    server: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.password = "another"
    assert hand_over() == (
        "refuses the name and the password in EMAIL_HOST_USER and EMAIL_HOST_PASSWORD (it answered 535)"
    )
    settings.EMAIL_HOST_USER = ""
    assert hand_over() == "wants STARTTLS or a login first: see EMAIL_USE_TLS and EMAIL_HOST_USER (it answered 530)"
    settings.EMAIL_HOST = "127.0.0.1"
    assert hand_over() == "shows a certificate that this machine does not trust"
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = False, True
    assert hand_over() == "speaks no TLS at EMAIL_PORT, or another one"
    with mail_server.running() as open_to_all:
        settings.EMAIL_PORT = open_to_all.port
        settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = True, False
        assert hand_over() == "offers no STARTTLS or no login, which EMAIL_USE_TLS and EMAIL_HOST_USER ask for"
    assert hand_over() == "is not there: nothing listens at EMAIL_HOST and EMAIL_PORT"
    assert server.messages == open_to_all.messages == []
