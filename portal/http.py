"""The request as the portal's views get it."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class PortalRequest(HttpRequest):
    """Signed in, which the middleware sees to, and with what htmx said; for annotations only."""

    user: User
    htmx: HtmxDetails
