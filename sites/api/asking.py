"""The answer to what begins an operation: 202 and where to look. An Idempotency-Key has it done once."""

import logging
from collections.abc import Callable
from functools import partial
from typing import cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse

from sites import access
from sites.api.authentication import token_of
from sites.api.shapes.common import answers
from sites.api.shapes.operations import RELATED, OperationShown, address, describe_operation
from sites.api.waiters import waiters
from sites.models import AccessToken, Operation
from sites.services import idempotency
from sites.services.idempotency import Made

logger = logging.getLogger(__name__)
ASKED = answers(202, OperationShown)
LONGEST_WAIT = 120.0
AGAIN_SECONDS = 1
"""In Retry-After, for clients that ask without 'wait'."""


def user_of(request: HttpRequest) -> User:
    """The person for whom the program asks."""
    return cast(User, request.user)


def asked(request: HttpRequest, do: Callable[[], Operation]) -> HttpResponse:
    """Begin the operation and answer 202; with an Idempotency-Key, only the first time."""
    operation, is_repeated = begun(request, do)
    answer = shown(request, read(user_of(request), operation.pk), status=202)
    answer["Location"] = address(operation)
    if is_repeated:
        answer["Idempotency-Replayed"] = "true"
    return answer


def begun(request: HttpRequest, do: Callable[[], Operation]) -> tuple[Operation, bool]:
    """The operation, and whether an earlier request with the same Idempotency-Key began it."""
    token, key = token_of(user_of(request)), request.headers.get("Idempotency-Key")
    if key is None:
        operation, is_repeated = do(), False
    else:
        operation, is_repeated = idempotency.once(token=token, key=key, request=_said(request), do=do)
    _note(request, token, f"operation {operation.public_id}")
    return operation, is_repeated


def made(request: HttpRequest, answer: HttpResponse, do: Callable[[], str]) -> str:
    """The id of what `do` makes; with an Idempotency-Key, of what it made the first time. A header of `answer` says so.

    Raises RequestRefused, KeyReused and TooManyKeys.
    """
    return made_with_secret(request, answer, lambda: Made(do())).id


def made_with_secret(request: HttpRequest, answer: HttpResponse, do: Callable[[], Made]) -> Made:
    """As `made`, for what has a secret. A repeated answer may hold that one, and none that was made later."""
    token, key = token_of(user_of(request)), request.headers.get("Idempotency-Key")
    if key is None:
        found, is_repeated = do(), False
    else:
        found, is_repeated = idempotency.once_made(token=token, key=key, request=_said(request), do=do)
    if is_repeated:
        answer["Idempotency-Replayed"] = "true"
    _note(request, token, f"made {found.id}")
    return found


def _said(request: HttpRequest) -> str:
    """What an Idempotency-Key stands for: all that the program asked."""
    condition, body = request.headers.get("If-Match", ""), request.body.decode("utf-8", "replace")
    return "\n".join((str(request.method), request.get_full_path(), condition, body))


def _note(request: HttpRequest, token: AccessToken, outcome: str) -> None:
    name = token.user.get_username()
    logger.info("%s %s by the access token %d of %s: %s", request.method, request.path, token.pk, name, outcome)


def read(user: User, operation_id: int) -> Operation:
    """The operation as the database has it, with all that is shown of it to the user."""
    return access.with_lines(Operation.objects.select_related(*RELATED), user).get(pk=operation_id)


def shown(request: HttpRequest, operation: Operation, *, status: int = 200, wait: float = 0.0) -> HttpResponse:
    """The operation as it is now, or once it is settled if the client waits. Raises TooManyWaiting."""
    body = describe_operation(request, operation).model_dump_json()
    answer = HttpResponse(body, status=status, content_type="application/json")
    if operation.state not in Operation.WORKING:
        return answer
    answer["Retry-After"] = str(AGAIN_SECONDS)
    if not wait:
        return answer
    longest = min(wait, LONGEST_WAIT, settings.SILENCE_SECONDS * 0.9)
    later = partial(_shown_later, request, operation)
    return waiters.hold(answer, later, user=user_of(request), operation=operation, wait=longest)


def _shown_later(request: HttpRequest, operation: Operation) -> HttpResponse:
    """As `shown`; runs outside of Django's handling of a request."""
    close_old_connections()
    try:
        return shown(request, read(user_of(request), operation.pk))
    finally:
        close_old_connections()
