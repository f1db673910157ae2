"""One line for monitors."""

import ipaddress

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.accounts import sessions
from sites.supervisor.health import health
from sites.throttling.address import UNKNOWN, client_address


@never_cache
@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 `ok` or 503 `away`; this machine and administrators also see the parts, and why one is away."""
    is_well, line = health()
    if not (_is_here(request) or _is_administrator(request)):
        line = "ok" if is_well else "away"
    return HttpResponse(f"{line}\n", status=200 if is_well else 503, content_type="text/plain; charset=utf-8")


def _is_here(request: HttpRequest) -> bool:
    """The request comes from this machine, or from `up` by the socket, where no router adds an address."""
    address = client_address(request)
    return address == UNKNOWN or ipaddress.ip_address(address).is_loopback


def _is_administrator(request: HttpRequest) -> bool:
    try:
        return request.user.is_active and request.user.is_superuser and sessions.goes_on(request)
    except DatabaseError:
        return False  # the database is what is away
