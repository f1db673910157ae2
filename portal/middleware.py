"""What holds for every request: which host serves what, who must be signed in, how a refusal is answered."""

from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from portal import kept_form
from portal.http import PortalRequest
from portal.refusals import answer_refusal
from sites.errors import GreenroomError, NoSpaceLeft, is_disk_full

GetResponse = Callable[[HttpRequest], HttpResponse]

LOOPBACK = ("127.0.0.1", "[::1]")
HEALTH = "/healthz"
UNKNOWN_HOST = "There is nothing at this address. The portal is at {address}\n"
NUL = "The address holds a NUL character, which no name has. Nothing was changed; remove it.\n"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class HostMiddleware:
    """Send publishing host names to their own addresses, and let nothing but the portal's host show the portal."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose by host name; a site could set cookies for the common suffix, so publishing hosts get none."""
        name, port = _split_host(request.get_host())
        if name == settings.PORTAL_HOST or request.path == HEALTH:
            answer = self.get_response(request)
            answer.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            return answer
        if name.endswith(f".scm.{settings.SUFFIX}"):
            request.urlconf = settings.PUBLISHING_URLCONF
            request.META.pop("HTTP_COOKIE", None)
            return self.get_response(request)
        portal = f"http://{settings.PORTAL_HOST}{port}"
        if name in LOOPBACK:
            return HttpResponseRedirect(portal + request.get_full_path())
        return HttpResponse(UNKNOWN_HOST.format(address=portal), status=404, content_type="text/plain; charset=utf-8")


def _split_host(host: str) -> tuple[str, str]:
    """Name and port of a Host header, as they are compared: lower case, without the dot at the end."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or not port.isdigit():
        name, port = host.lower(), ""
    return name.rstrip("."), f":{port}" if port else ""


class NulMiddleware:
    """Refuse addresses with a NUL character: no name has one, and PostgreSQL takes none in a query."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Forms look at what is typed themselves."""
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponse(NUL, status=400, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class SignInMiddleware(LoginRequiredMiddleware):
    """Every page of the portal wants a signed-in person, except those marked with `login_not_required`."""

    def process_view(
        self, request: HttpRequest, view_func: Callable, view_args: tuple, view_kwargs: dict
    ) -> HttpResponseBase | None:
        """Leave publishing hosts alone: their addresses look at credentials of their own."""
        if getattr(request, "urlconf", None) == settings.PUBLISHING_URLCONF:
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
        is_publishing = getattr(request, "urlconf", None) == settings.PUBLISHING_URLCONF
        if not isinstance(error, GreenroomError) and is_disk_full(error):
            error = NoSpaceLeft(what="What you asked for", holds="Nothing was changed.")
        if is_publishing or not isinstance(error, GreenroomError):
            return None
        return answer_refusal(cast(PortalRequest, request), error)
