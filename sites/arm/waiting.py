"""Answers for what takes time: at once with an address to look at, or once the operation has ended."""

from collections.abc import Callable, Collection
from functools import partial

from django.conf import settings
from django.db import close_old_connections
from django.http import HttpResponse, JsonResponse

from sites.access import with_lines
from sites.api.asking import AGAIN_SECONDS, LONGEST_WAIT
from sites.api.waiters import waiters
from sites.arm.asked import Asked
from sites.arm.problems import failure, problem
from sites.errors import NotEndedYet, TooManyWaiting
from sites.models import Operation, OperationState
from sites.plain_text import visible

WELL = frozenset({OperationState.SUCCEEDED, OperationState.WAITING})
"""How what was asked for has ended well; a preview that is prepared waits for a person."""
STATUS = {
    OperationState.REQUESTED: "InProgress",
    OperationState.RUNNING: "InProgress",
    OperationState.WAITING: "Succeeded",
    OperationState.SUCCEEDED: "Succeeded",
    OperationState.FAILED: "Failed",
    OperationState.CANCELLED: "Canceled",
}
"""In the words of Azure."""
Make = Callable[[Asked], HttpResponse]


def accepted(asked: Asked, operation: Operation, body: object = None) -> HttpResponse:
    """202 at once, with both addresses at which clients look how far it is."""
    answer = JsonResponse({} if body is None else body, status=202, safe=False)
    answer["Location"] = address(asked, operation, "operationResults")
    answer["Azure-AsyncOperation"] = address(asked, operation, "operations")
    answer["Retry-After"] = str(AGAIN_SECONDS)
    return answer


def address(asked: Asked, operation: Operation, what: str) -> str:
    """Where a client looks at an operation; it needs a version there too."""
    path = f"/subscriptions/{asked.subscription.public_id}/providers/Microsoft.Web/locations/local/{what}"
    version = asked.request.GET.get("api-version", "")
    return asked.request.build_absolute_uri(f"{path}/{operation.public_id}?api-version={version}")


def once_ended(
    asked: Asked, operation: Operation, make: Make, *, good: Collection[OperationState] = WELL
) -> HttpResponse:
    """What `make` answers once the operation has ended as one of `good`, and its failure otherwise.

    For what clients take to be done when it is answered. The door waits, and no thread does.
    """
    wait = min(LONGEST_WAIT, settings.SILENCE_SECONDS * 0.9)
    answer = partial(_answer, asked, operation.pk, make, good)
    if operation.state not in Operation.WORKING:
        return answer()
    try:
        return waiters.hold(answer(), partial(_later, answer), user=asked.user, operation=operation, wait=wait)
    except TooManyWaiting:
        return answer()  # what was asked for is begun, and the answer says how to follow it


def failed(operation: Operation) -> HttpResponse:
    """The answer for an operation that has not ended well."""
    return failure(
        operation.error_code or str(OperationState(operation.state)), visible(operation.outcome_shown, keep="\n")
    )


def _answer(asked: Asked, operation_id: int, make: Make, good: Collection[OperationState]) -> HttpResponse:
    operation = with_lines(Operation.objects.all(), asked.user).get(pk=operation_id)
    if operation.state in good:
        return make(asked.again())
    if operation.state in Operation.WORKING:
        return problem(NotEndedYet(name=operation.target, operation=operation.public_id))
    return failed(operation)


def _later(answer: Callable[[], HttpResponse]) -> HttpResponse:
    """As `answer`; runs outside of Django's handling of a request."""
    close_old_connections()
    try:
        return answer()
    finally:
        close_old_connections()
