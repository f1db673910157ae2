"""Hand a mail to the installation's mail server."""

import socket
import ssl
import time
from contextlib import suppress
from smtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from django.core.mail import EmailMessage, get_connection


def send(to: str, subject: str, body: str) -> None:
    """Raises OSError, of which smtplib's exceptions are, when the server does not take it."""
    EmailMessage(subject=" ".join(subject.split()), body=body, to=[to]).send()


def hand_over(message: EmailMessage, *, seconds: float, until: float) -> None:
    """With so many seconds for each answer of the mail server. Raises as `send`.

    After `until`, a time of `time.monotonic`, nothing is sent any more: whoever waited has given up.
    """
    message.connection = get_connection(timeout=seconds)
    with message.connection:
        if time.monotonic() > until:
            raise TimeoutError("the mail server took too long to greet")
        message.send()


AUTHENTICATION_REQUIRED = 530
"""Of RFC 4954, and of RFC 3207 for STARTTLS."""
_WHYS: tuple[tuple[type[OSError], str], ...] = (
    (SMTPAuthenticationError, "refuses the name and the password in EMAIL_HOST_USER and EMAIL_HOST_PASSWORD"),
    (SMTPNotSupportedError, "offers no STARTTLS or no login, which EMAIL_USE_TLS and EMAIL_HOST_USER ask for"),
    (SMTPRecipientsRefused, "refuses the address"),
    (SMTPSenderRefused, "refuses the sender that EMAIL_FROM names"),
    (SMTPServerDisconnected, "has ended the connection"),
    (ssl.SSLCertVerificationError, "shows a certificate that this machine does not trust"),
    (ssl.SSLError, "speaks no TLS at EMAIL_PORT, or another one"),
    (socket.gaierror, "is not found: the name in EMAIL_HOST leads nowhere"),
    (ConnectionRefusedError, "is not there: nothing listens at EMAIL_HOST and EMAIL_PORT"),
    (TimeoutError, "does not answer in time"),
)


def why(error: OSError) -> str:
    """How 'the mail server …' goes on after `hand_over` has raised, without its own words: they may name people."""
    code = f" (it answered {error.smtp_code})" if isinstance(error, SMTPResponseException) else ""
    if getattr(error, "smtp_code", 0) == AUTHENTICATION_REQUIRED:
        return f"wants STARTTLS or a login first: see EMAIL_USE_TLS and EMAIL_HOST_USER{code}"
    said = next((words for kind, words in _WHYS if isinstance(error, kind)), "")
    if not said and isinstance(error, SMTPException):
        said = "refuses the mail"
    return f"{said}{code}" if said else f"cannot be reached: {error.strerror or type(error).__name__}"


def cut_off(message: EmailMessage) -> None:
    """End the connection over which another thread hands it over, wherever it is."""
    server = getattr(message.connection, "connection", None)
    if (line := getattr(server, "sock", None)) is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
