"""Hand a mail to the installation's mail server."""

import socket
import time
from contextlib import suppress

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


def cut_off(message: EmailMessage) -> None:
    """End the connection over which another thread hands it over, wherever it is."""
    server = getattr(message.connection, "connection", None)
    if (line := getattr(server, "sock", None)) is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
