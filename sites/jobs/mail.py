"""Hand a mail to the installation's mail server."""

from django.core.mail import EmailMessage, get_connection


def send(to: str, subject: str, body: str) -> None:
    """Raises OSError, of which smtplib's exceptions are, when the server does not take it."""
    EmailMessage(subject=" ".join(subject.split()), body=body, to=[to]).send()


def hand_over(message: EmailMessage, *, seconds: float) -> None:
    """With so many seconds for each answer of the mail server. Raises as `send`."""
    message.connection = get_connection(timeout=seconds)
    message.send()
