"""The pages of errors that no view answers itself."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from portal.http import PortalRequest
from portal.refusals import answer_refusal
from sites.errors import NotFound, Refused

REFUSED = "The portal cannot read this request, so nothing was changed. Go back, load the page again, and repeat it."


def not_found(request: PortalRequest, exception: Exception) -> HttpResponse:
    """404."""
    return answer_refusal(request, NotFound())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, of what no view has looked at: a zero byte, a host name that is none, too many fields."""
    sentence = str(exception) if isinstance(exception, BadRequest) else REFUSED
    return render(request, "errors/plain.html", {"heading": "not accepted", "sentence": sentence}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    sentence = "This is not for your account; nothing was changed. Sign in with another, or ask its owner."
    return render(request, "errors/plain.html", {"heading": "not allowed", "sentence": sentence}, status=403)


def csrf_failure(request: PortalRequest, reason: str = "") -> HttpResponse:
    """A form without its token: an old page, or cookies that are switched off."""
    sentence = "This page is older than your sign-in, so nothing was changed. Go back, load it again, and repeat it."
    if request.headers.get("HX-Request") == "true":
        answer = answer_refusal(request, Refused(sentence))
        answer.status_code = 403
        return answer
    return render(request, "errors/plain.html", {"heading": "not allowed", "sentence": sentence}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; asks neither the database nor the session, which may be what is broken."""
    name = "errors/_broken.html" if request.headers.get("HX-Request") == "true" else "errors/broken.html"
    answer = HttpResponse(render_to_string(name), status=500)
    answer["HX-Retarget"] = "#notification"
    answer["HX-Reswap"] = "innerHTML"
    return answer
