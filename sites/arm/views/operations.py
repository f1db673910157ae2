"""How far an operation is, as libraries ask for it: by status code, and by a status."""

from django.http import HttpResponse, JsonResponse

from sites import access
from sites.arm.asked import Asked, uuid_of
from sites.arm.problems import said
from sites.arm.waiting import STATUS, WELL, accepted, address, failed
from sites.errors import NotFound
from sites.models import Operation, OperationState
from sites.plain_text import visible


def result(asked: Asked) -> HttpResponse:
    """202 while it goes on, 200 when it has ended well, and otherwise its failure."""
    operation = _found(asked)
    if operation.state in Operation.WORKING:
        return accepted(asked, operation)
    return JsonResponse(_described(asked, operation)) if operation.state in WELL else failed(operation)


def status(asked: Asked) -> HttpResponse:
    """Always 200, with a status in the body."""
    operation = _found(asked)
    answer = JsonResponse(_described(asked, operation))
    if operation.state in Operation.WORKING:
        answer["Retry-After"] = "1"
    return answer


def _found(asked: Asked) -> Operation:
    operation = access.get_operation(asked.user, uuid_of(asked.names["operation"]))
    if operation.subscription_id != asked.subscription.pk:
        raise NotFound
    return operation


def _described(asked: Asked, operation: Operation) -> dict[str, object]:
    state = OperationState(operation.state)
    ended_at = operation.ended_at
    body: dict[str, object] = {
        "id": address(asked, operation, "operations").partition("?")[0],
        "name": str(operation.public_id),
        "status": STATUS[state],
        "startTime": operation.created_at.isoformat(),
        "endTime": ended_at.isoformat() if ended_at else None,
    }
    if state in (OperationState.FAILED, OperationState.CANCELLED):
        body |= said(operation.error_code or state.value, visible(operation.outcome_shown, keep="\n"))
    return body
