"""Mails to people, where the installation can send them."""

from django.conf import settings
from django.db import transaction

from sites import tasks


def are_sent() -> bool:
    """Whether the installation names a server that takes mails."""
    return bool(settings.EMAIL_HOST)


def send(*, to: str, subject: str, body: str) -> None:
    """Have a worker send it once the transaction has committed; nothing where no mails are sent."""
    if are_sent() and to:
        transaction.on_commit(lambda: tasks.send_mail.delay(to, subject, body), robust=True)
