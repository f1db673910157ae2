"""What a person is told about changes of the account: in the notification bar, in the operation logs, and by mail."""

from typing import cast

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone

from portal.accounts import attempts
from portal.accounts.agents import described
from sites.models import Operation
from sites.operations.kinds import OperationKind
from sites.operations.kinds.recorded import SIGN_IN
from sites.services import mails, operations


@transaction.atomic
def tell(
    user: User, outcome: str, *, kind: OperationKind = SIGN_IN, actor_name: str = "", also_to: str = ""
) -> Operation:
    """Write down what was done to the account of `user`, by `actor_name` if it was not the person.

    A mail says the same, to the person's verified address and to `also_to`.
    """
    name = user.get_username()
    record = kind.record(actor_name=actor_name or name, acting_user=user, target=name, outcome=outcome)
    address = EmailAddress.objects.filter(user=user, verified=True, primary=True).values_list("email", flat=True)
    for to in {*address, also_to} - {""}:
        body = {"name": name, "outcome": record.outcome, "at": timezone.now(), "portal": settings.PORTAL_URL}
        subject = f"[Greenroom, {settings.PORTAL_HOST}] The account '{name}' was changed"
        mails.send(to=to, subject=subject, body=render_to_string("account/email/notice.txt", body))
    return record


def place(request: HttpRequest) -> str:
    """From where a request came, for a sentence: 'Firefox on Linux, 192.0.2.1'."""
    return f"{described(request.headers.get('User-Agent', ''))}, {attempts.client_address(request)}"


def read(user: User, record: Operation) -> None:
    """Whoever did it just now need not be told."""
    operations.dismiss(acting_user=cast(User, user), operation=record)
