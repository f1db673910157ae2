"""`/metrics` for Prometheus, with a token of the installation."""

import hmac

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from portal.prometheus import exposition
from sites.errors import NotFound
from sites.throttling import buckets
from sites.throttling.address import client_address, network_of

FROM_ADDRESS = buckets.Limit("metrics from address", 30)
"""Wrong tokens within a quarter of an hour."""
UNKNOWN_TOKEN = "This is not the token of METRICS_TOKEN.\n"  # noqa: S105 - a sentence


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures. Raises NotFound unless METRICS_TOKEN is set."""
    if not settings.METRICS_TOKEN:
        raise NotFound
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
    tries = [buckets.Bucket(FROM_ADDRESS, network_of(client_address(request)))]
    is_limited = bool(token) and bool(buckets.take(tries))
    return HttpResponse(
        UNKNOWN_TOKEN,
        status=429 if is_limited else 401,
        headers={"WWW-Authenticate": "Bearer"},
        content_type="text/plain; charset=utf-8",
    )
