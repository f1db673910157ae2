"""What holds for every request: which host serves what, who must be signed in, how a refusal is answered."""

import logging
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from portal import kept_form, signing_keys
from portal.http import PortalRequest
from portal.program_answers import for_programs
from portal.refusals import answer_refusal
from portal.zero_bytes import ZeroByte, refuse_zero_bytes
from sites.errors import GreenroomError, NotAllowed, SettingRefused

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
"""What any address may be asked with; each takes some of them."""
LOOPBACK = ("127.0.0.1", "[::1]")
HEALTH = "/healthz"
UNKNOWN_HOST = "There is nothing at this address. The portal is at {address}\n"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class KeysMiddleware:
    """Have every request know the keys that were made since the process began."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One look at the key file."""
        signing_keys.follow()
        return self.get_response(request)


class NoStoreMiddleware:
    """Let no browser or proxy keep an answer: pages hold secrets, and what they show is soon no longer true."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Every answer but the portal's pictures, scripts and styles, whose names change with their content."""
        answer = self.get_response(request)
        if not request.path.startswith(settings.STATIC_URL) and "no-store" not in answer.get("Cache-Control", ""):
            answer.headers["Cache-Control"] = "no-store"
        return answer


class ZeroByteMiddleware:
    """Answer 400 to whoever sends a zero byte for text: PostgreSQL stores none, and no name or path has one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the address at once, and at what was typed when it reaches the database."""
        if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path:
            raise ZeroByte
        with connection.execute_wrapper(refuse_zero_bytes):
            return self.get_response(request)


class HostMiddleware:
    """Send publishing host names to their own addresses, and let nothing but the portal's host show the portal."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose by host name; a site could set cookies for the common suffix, so publishing hosts get none."""
        answer = self._answer(request)
        answer.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponse:
        name, port = _split_host(request.get_host())
        if name == settings.PORTAL_HOST or (name in LOOPBACK and request.path == HEALTH):
            return self._pass_on(request)
        if name.endswith(f".scm.{settings.SUFFIX}"):
            request.urlconf = settings.PUBLISHING_URLCONF
            request.META.pop("HTTP_COOKIE", None)
            return for_programs(request, self._pass_on(request))
        portal = f"http://{settings.PORTAL_HOST}{port}"
        if name in LOOPBACK:
            return HttpResponseRedirect(portal + request.get_full_path())
        return HttpResponse(UNKNOWN_HOST.format(address=portal), status=404, content_type="text/plain; charset=utf-8")

    def _pass_on(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        return self.get_response(request)


def _split_host(host: str) -> tuple[str, str]:
    """Name and port of a Host header, as they are compared: lower case, without the dot at the end."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or not port.isdigit():
        name, port = host.lower(), ""
    return name.rstrip("."), f":{port}" if port else ""


class SignInMiddleware(LoginRequiredMiddleware):
    """Every page of the portal wants a signed-in person, except those marked with `login_not_required`."""

    def process_view(
        self, request: HttpRequest, view_func: Callable, view_args: tuple, view_kwargs: dict
    ) -> HttpResponseBase | None:
        """Leave publishing hosts alone, which look at credentials of their own, and what anybody may see.

        Who is signed in is not even looked up for that: health must answer while the database is away.
        """
        is_publishing = getattr(request, "urlconf", None) == settings.PUBLISHING_URLCONF
        if is_publishing or not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> HttpResponse:  # type: ignore[override]
        """Send to the sign-in page; a part of a page sends the whole page there."""
        if request.method == "POST":
            kept_form.keep(request)
        if request.headers.get("HX-Request") != "true":
            return super().handle_no_permission(request, view_func)
        parts = urlsplit(request.headers.get("HX-Current-URL", ""))
        here = parts.path + (f"?{parts.query}" if parts.query else "")
        return HttpResponse(headers={"HX-Redirect": f"{reverse('sign-in')}?{urlencode({'next': here})}"})

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """After a sign-in, remember whose browser it is."""
        if hasattr(request, "user"):
            kept_form.remember_person(request, response)
            kept_form.settle(request, response)
        return response


class RefusalMiddleware:
    """Answer refusals and failures of the domain with their sentence, in one place."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The portal's answer; publishing addresses word theirs themselves."""
        if getattr(request, "urlconf", None) == settings.PUBLISHING_URLCONF:
            return None
        if isinstance(error, NotAllowed):
            logger.warning("%s %s was refused to %s: %s", request.method, request.path, request.user, error)
        if isinstance(error, ZeroByte):
            error = SettingRefused(str(error))
        if not isinstance(error, GreenroomError):
            return None
        return answer_refusal(cast(PortalRequest, request), error)
