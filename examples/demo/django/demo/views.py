"""Pages that say which version and slot answered, and who is signed in."""

import hashlib
import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_POST

Answer = Callable[[HttpRequest], HttpResponse]


def mark(get_response: Answer) -> Answer:
    """Middleware: every answer says who gave it and what its body must be."""

    def marked(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["X-Version"] = settings.VERSION
        response["X-Slot"] = settings.SLOT
        response["X-Body-Sha256"] = hashlib.sha256(response.content).hexdigest()
        response["Cache-Control"] = "no-store"
        return response

    return marked


def said(request: HttpRequest, **more: object) -> JsonResponse:
    """The answer of every page."""
    user = request.user.get_username() if request.user.is_authenticated else None
    return JsonResponse({"version": settings.VERSION, "slot": settings.SLOT, "user": user, **more})


def index(request: HttpRequest) -> HttpResponse:
    """Also hands out the token that a POST needs."""
    return said(request, csrf=get_token(request))


def slow(request: HttpRequest) -> HttpResponse:
    """Takes two seconds."""
    time.sleep(2)
    return said(request)


def sign_in(request: HttpRequest) -> HttpResponse:
    """GET hands out the token, POST signs in."""
    if request.method != "POST":
        return said(request, csrf=get_token(request))
    user = authenticate(request, username=request.POST.get("username"), password=request.POST.get("password"))
    if user is None:
        return JsonResponse({"error": "Name or password is not right."}, status=403)
    login(request, user)
    return said(request, csrf=get_token(request))


def who_am_i(request: HttpRequest) -> HttpResponse:
    """403 for a stranger: a lost session cannot be overlooked."""
    if not request.user.is_authenticated:
        return JsonResponse({"version": settings.VERSION, "slot": settings.SLOT, "user": None}, status=403)
    return said(request)


@require_POST
def note(request: HttpRequest) -> HttpResponse:
    """A form that Django protects; answers with the checksum of what was written."""
    text = request.POST.get("text", "")
    return said(request, sha256=hashlib.sha256(text.encode()).hexdigest())
