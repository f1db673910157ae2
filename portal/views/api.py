"""The page on which the API can be tried."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.http import PortalRequest
from sites.api import DESCRIPTION


@require_safe
def try_it(request: PortalRequest) -> HttpResponse:
    """Swagger UI with the API's description. It acts with a token that the person enters, never with the session."""
    return render(
        request, "api/try.html", {"settings": {"url": DESCRIPTION, "layout": "BaseLayout", "deepLinking": True}}
    )
