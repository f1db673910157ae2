"""What programs are answered when no view of theirs has answered: JSON with a code and a sentence."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from sites.api import DESCRIPTION, is_api
from sites.arm import is_arm
from sites.arm.problems import said
from sites.errors import NotFound, Refused, RequestRefused, ServerFault

REFUSED = "{method} {path} could not be read; nothing was changed. README.md shows what a publishing client sends."
METHOD = "{path} does not take {method}; nothing was changed. Use {allowed}."
FAULT = (
    "The request to {path} ended early because of a fault of Greenroom itself, and it is not known whether anything "
    "was changed. See GET /api/v1/operations, and logs/web.log on the server; then try again."
)


def is_for_programs(path: str) -> bool:
    """Whether a path on the portal's host takes tokens and no cookies, so that nobody signs in for it."""
    return is_api(path) or is_arm(path)


def refusal_of(path: str, code: str, message: str) -> dict[str, object]:
    """The body of a refusal, in the form that clients of that path read."""
    return said(code, message) if is_arm(path) else {"code": code, "message": message}


def for_programs(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """`answer`, or in place of an error page its code and sentence."""
    if answer.status_code < 400 or answer.get("Content-Type", "").startswith("application/json"):
        return answer
    error = _error(request, answer)
    headers = {"Allow": answer["Allow"]} if "Allow" in answer else None
    body = refusal_of(request.path, error.code, str(error))
    return JsonResponse(body, status=answer.status_code, headers=headers)


def _error(request: HttpRequest, answer: HttpResponse) -> Refused | ServerFault:
    if answer.status_code >= 500:
        return (
            ServerFault(FAULT.format(path=request.path))
            if is_for_programs(request.path)
            else ServerFault(host=request.get_host())
        )
    if answer.status_code == 404:
        return NotFound()
    if is_api(request.path) and answer.status_code != 405:
        return RequestRefused(reason=f"{request.method} {request.path} is not what {DESCRIPTION} describes")
    sentence = METHOD if answer.status_code == 405 else REFUSED
    return Refused(sentence.format(method=request.method, path=request.path, allowed=answer.get("Allow", "another")))
