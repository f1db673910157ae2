"""What programs that publish are answered when no view of theirs has answered: JSON with a code and a sentence."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from sites.errors import NotFound, Refused, ServerFault

REFUSED = "{method} {path} could not be read; nothing was changed. README.md shows what a publishing client sends."
METHOD = "{path} does not take {method}; nothing was changed. Use {allowed}."


def for_programs(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """`answer`, or in place of an error page its code and sentence."""
    if answer.status_code < 400 or answer.get("Content-Type", "").startswith("application/json"):
        return answer
    error = _error(request, answer)
    headers = {"Allow": answer["Allow"]} if "Allow" in answer else None
    return JsonResponse({"code": error.code, "message": str(error)}, status=answer.status_code, headers=headers)


def _error(request: HttpRequest, answer: HttpResponse) -> Refused | ServerFault:
    if answer.status_code >= 500:
        return ServerFault(host=request.get_host())
    if answer.status_code == 404:
        return NotFound()
    sentence = METHOD if answer.status_code == 405 else REFUSED
    return Refused(sentence.format(method=request.method, path=request.path, allowed=answer.get("Allow", "another")))
