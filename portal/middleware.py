"""What holds for every request: which host serves what, who must be signed in, how a refusal is answered."""

import logging
from collections.abc import Callable, Sequence
from typing import cast
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from portal import kept_form, signing_keys, visits
from portal.accounts import browsers, factors, sessions
from portal.http import PortalRequest
from portal.program_answers import for_programs, is_for_programs
from portal.refusals import answer_refusal
from portal.zero_bytes import ZeroByte, refuse_zero_bytes
from sites.errors import GreenroomError, NoSpaceLeft, NotAllowed, Refused, SettingRefused, is_disk_full

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]

PORTAL_HEADER = "X-Greenroom-Portal"
"""By which the scripts of a page know the portal's answers from those of the router."""
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
"""What any address may be asked with; each takes some of them."""
PUBLISHING_METHODS = (*METHODS, "PUT", "DELETE")
API_METHODS = (*METHODS, "PUT", "PATCH", "DELETE")
LOOPBACK = ("127.0.0.1", "[::1]")
HEALTH = "/healthz"
NOBODYS_SESSION_SECONDS = 3600
"""What is kept for somebody who has not signed in yet: a form, a first step, the way to the provider and back."""
STOP_POLLING = 286
"""htmx takes the answer and asks no more."""
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


class CharsetMiddleware:
    """Answer 400 to a form with files in anything but UTF-8, as Django itself does to one without files.

    Its fields would be read by whichever codec the sender names, and some codecs are for no text at all.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Before anybody reads a field."""
        if request.content_type == "multipart/form-data" and (request.encoding or "utf-8").lower() != "utf-8":
            raise BadRequest("A form is read as UTF-8 only.")
        return self.get_response(request)


class HostMiddleware:
    """Send publishing host names to their own addresses, and let nothing but the portal's host show the portal."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose by host name; a site could set cookies for the common suffix, so publishing hosts get none."""
        answer = self._answer(request)
        answer.headers[PORTAL_HEADER] = "1"
        answer.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponse:
        name, port = _split_host(request.get_host())
        if name == settings.PORTAL_HOST and is_for_programs(request.path):
            return self._for_program(request, API_METHODS)
        if name == settings.PORTAL_HOST or (name in LOOPBACK and request.path == HEALTH):
            return self._pass_on(request, METHODS)
        if name.endswith(f".scm.{settings.SUFFIX}"):
            request.urlconf = settings.PUBLISHING_URLCONF
            return self._for_program(request, PUBLISHING_METHODS)
        if visits.is_visit(request.path):
            return visits.answer(request, name)
        portal = f"{request.scheme}://{settings.PORTAL_HOST}{port}"
        if name in LOOPBACK:
            return HttpResponseRedirect(portal + request.get_full_path())
        return HttpResponse(UNKNOWN_HOST.format(address=portal), status=404, content_type="text/plain; charset=utf-8")

    def _for_program(self, request: HttpRequest, methods: Sequence[str]) -> HttpResponse:
        """Without cookies: a program shows credentials with each request, so no page of others can act through it."""
        request.META.pop("HTTP_COOKIE", None)
        return for_programs(request, self._pass_on(request, methods))

    def _pass_on(self, request: HttpRequest, methods: Sequence[str]) -> HttpResponse:
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        return self.get_response(request)


def _split_host(host: str) -> tuple[str, str]:
    """Name and port of a Host header, as they are compared: lower case, without the dot at the end."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or not port.isdigit():
        name, port = host.lower(), ""
    return name.rstrip("."), f":{port}" if port else ""


class SessionMiddleware:
    """End sessions that have lasted or been left alone for too long, and give browsers their cookie."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Whoever's session has ended is nobody from here on."""
        if request.path == HEALTH:
            return self.get_response(request)  # it answers without a database as well
        if request.user.is_authenticated and not sessions.goes_on(request):
            logout(request)
        response = self.get_response(request)
        if request.session.modified and not request.user.is_authenticated:
            request.session.set_expiry(NOBODYS_SESSION_SECONDS)
        browsers.set_cookie(request, response)
        return response


class SignInMiddleware(LoginRequiredMiddleware):
    """Every page of the portal wants a signed-in person, except those marked with `login_not_required`; and of some
    people a second factor."""

    def process_view(
        self, request: HttpRequest, view_func: Callable, view_args: tuple, view_kwargs: dict
    ) -> HttpResponseBase | None:
        """Leave programs alone, which show credentials of their own, and what anybody may see.

        Who is signed in is not even looked up for that: health must answer while the database is away.
        """
        is_publishing = getattr(request, "urlconf", None) == settings.PUBLISHING_URLCONF
        if is_publishing or is_for_programs(request.path) or not getattr(view_func, "login_required", True):
            return None
        if request.user.is_authenticated and factors.is_missing(request):
            return _lead(request, reverse("account"))
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> HttpResponse:  # type: ignore[override]
        """Send to the sign-in page; a part of a page sends the whole page there.

        A page that asks by itself stays where it is: something may be typed into it.
        """
        if request.method == "POST":
            kept_form.keep(request)
        is_background = sessions.is_background(request)
        if request.headers.get("HX-Request") != "true" and not is_background:
            return super().handle_no_permission(request, view_func)
        parts = urlsplit(request.headers.get("HX-Current-URL", "") or request.get_full_path())
        here = parts.path + (f"?{parts.query}" if parts.query else "")
        address = f"{reverse('account_login')}?{urlencode({'next': here})}"
        if not is_background:
            return _lead(request, address)
        answer = render(request, "operations/_session_ended.html", {"address": address}, status=STOP_POLLING)
        answer["HX-Retarget"] = "#notification"
        answer["HX-Reswap"] = "outerHTML"
        return answer

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """A form that was taken is no longer kept."""
        if hasattr(request, "user"):
            kept_form.settle(request, response)
        return response


def _lead(request: HttpRequest, address: str) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


class RefusalMiddleware:
    """Answer refusals and failures of the domain with their sentence, in one place."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The portal's answer; publishing addresses word theirs themselves."""
        if isinstance(error, ReauthenticationRequired):
            return _ask_to_confirm(request)
        if getattr(request, "urlconf", None) == settings.PUBLISHING_URLCONF:
            return None
        if isinstance(error, NotAllowed):
            logger.warning("%s %s was refused to %s: %s", request.method, request.path, request.user, error)
        if isinstance(error, ZeroByte):
            error = SettingRefused(str(error))
        if not isinstance(error, GreenroomError) and is_disk_full(error):
            error = NoSpaceLeft(what="What you asked for", holds="Nothing was changed.")
        if not isinstance(error, GreenroomError):
            return None
        return answer_refusal(cast(PortalRequest, request), error)


def _ask_to_confirm(request: HttpRequest) -> HttpResponse:
    """Lead to the proof that it is the person, and back to the page that wants it.

    Of what was sent nothing is kept, as allauth would: it is sent again after the proof.
    """
    methods = get_adapter().get_reauthentication_methods(request.user)
    if not methods:
        sentence = (
            "You have no password and no second factor by which you could confirm this; nothing was changed. "
            "Ask whoever runs the server for a link."
        )
        return answer_refusal(cast(PortalRequest, request), Refused(sentence))
    is_page = request.method in ("GET", "HEAD")
    wanted = request.get_full_path() if is_page else reverse("account")
    return _lead(request, f"{methods[0]['url']}?{urlencode({'next': wanted})}")
