"""Hand a mail to the installation's mail server."""

from django.core.mail import EmailMessage


def send(to: str, subject: str, body: str) -> None:
    """Raises OSError, of which smtplib's exceptions are, when the server does not take it."""
    EmailMessage(subject=" ".join(subject.split()), body=body, to=[to]).send()
