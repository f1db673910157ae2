"""What the portal answers at the host names of slots, below one path: a password, the way back from the sign-in.

No session, no form token and no cookie of the portal is read or given here: these are the web sites' own host names.
"""

import math

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.utils.encoding import iri_to_uri

from sites.counted import counted
from sites.errors import NotFound, SignInBusy, VisitRefused, VisitsLimited
from sites.services import visitors
from sites.services.visitors import (
    CODE_PATH,
    PASS_COOKIE,
    PASSWORD_PATH,
    STATE_COOKIE,
    VISIT_PATH,
    cookie_name,
    password_form,
    visit_ended,
)
from sites.throttling import buckets, turns
from sites.throttling.address import client_address, network_of

FROM_ADDRESS = buckets.Limit("visitors from address", 10)
TO_SLOT = buckets.Limit("visitors to slot", 600)
"""Wrong passwords within a quarter of an hour, of a slot; under a wildcard it has host names without number."""
MAX_PATH = 4000


def is_visit(path: str) -> bool:
    """Whether the address is one of these."""
    return path.startswith(VISIT_PATH)


def answer(request: HttpRequest, host: str) -> HttpResponse:
    """The answer at the slot's host name `host`, which has no port and is in lower case."""
    views = {PASSWORD_PATH: ("POST", _password), CODE_PATH: ("GET", _code)}
    method, view = views.get(request.path, ("", None))
    if view is None:
        return _page(visit_ended(str(NotFound())), 404)
    if request.method != method:
        return HttpResponseNotAllowed([method])
    try:
        return view(request, host)
    except (NotFound, VisitRefused) as refusal:
        return _page(visit_ended(str(refusal)), refusal.http_status)
    except (BadRequest, SuspiciousOperation, UnreadablePostError):
        return _page(visit_ended("What was sent cannot be read."), 400)


def _password(request: HttpRequest, host: str) -> HttpResponse:
    """Looked at only if few were wrong; counted before, and not counted when it was right."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadRequest
    path = _path(request.POST.get("next", ""))
    slot = str(visitors.slot_id_at(host))
    network = network_of(client_address(request))
    tries = [buckets.Bucket(FROM_ADDRESS, f"{slot} {network}"), buckets.Bucket(TO_SLOT, slot)]
    try:
        if wait := buckets.take(tries):
            raise VisitsLimited(wait=counted(math.ceil(wait / 60), "minute"), retry_after=math.ceil(wait))
        try:
            with turns.visitor_turn():
                admission = visitors.by_password(host, request.POST.get("password", ""))
        except (SignInBusy, NotFound):
            buckets.give_back(tries)
            raise
        buckets.give_back(tries)
    except (VisitRefused, VisitsLimited, SignInBusy) as refusal:
        answer = _page(password_form(path, str(refusal)), refusal.http_status)
        if "retry_after" in refusal.values:
            answer["Retry-After"] = str(refusal.values["retry_after"])
        return answer
    return _let_in(request, path, admission)


def _code(request: HttpRequest, host: str) -> HttpResponse:
    is_tls = _is_tls(request)
    states = visitors.state_cookies(request.headers.get("Cookie", ""), is_tls=is_tls)
    admission = visitors.by_code(host, request.GET.get("code", ""), *states)
    answer = _let_in(request, _path(request.GET.get("next", "")), admission)
    answer.delete_cookie(cookie_name(STATE_COOKIE, is_tls=is_tls), samesite="Lax")
    return answer


def _let_in(request: HttpRequest, path: str, admission: visitors.Admission) -> HttpResponse:
    answer = HttpResponse(status=303, headers={"Location": path})
    answer.set_cookie(
        cookie_name(PASS_COOKIE, is_tls=_is_tls(request)),
        admission.cookie,
        max_age=admission.seconds,
        secure=_is_tls(request),
        httponly=True,
        samesite="Lax",
    )
    return answer


def _is_tls(request: HttpRequest) -> bool:
    return request.headers.get("X-Forwarded-Proto") == "https"


def _path(text: str) -> str:
    """A path of this host and nothing else: what browsers would read as another host leads to the first page.

    They leave tabs and line ends out of an address, and take '\\' for '/' (WHATWG URL, 4.4).
    """
    is_own = text.isprintable() and "\\" not in text and text.startswith("/") and not text.startswith("//")
    path = iri_to_uri(text) if is_own else "/"
    return path if len(path) <= MAX_PATH else "/"


def _page(html: str, status: int) -> HttpResponse:
    policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    return HttpResponse(html, status=status, headers={"Content-Security-Policy": policy, "X-Robots-Tag": "noindex"})
