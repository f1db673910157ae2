"""Refusals and failures as clients of Azure read them: an error with a code and a message."""

import logging

from django.http import HttpResponse, JsonResponse

from sites.errors import GreenroomError

logger = logging.getLogger(__name__)
FAILED_STATUS = 409
"""Of an operation that failed. With 5xx the libraries would ask for it again, up to ten times."""


def said(code: str, message: str) -> dict[str, object]:
    """The body of every refusal and failure."""
    return {"error": {"code": code, "message": message}}


def problem(error: GreenroomError) -> HttpResponse:
    """The answer to a request that was refused."""
    answer = JsonResponse(said(error.code, str(error)), status=error.http_status)
    if "retry_after" in error.values:
        answer["Retry-After"] = str(error.values["retry_after"])
    if answer.status_code == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="greenroom"'
    return answer


def failure(code: str, outcome: str) -> HttpResponse:
    """The answer to a request whose operation failed; `outcome` is the sentence, and after it lines of a log."""
    return JsonResponse(said(code, outcome), status=FAILED_STATUS)
