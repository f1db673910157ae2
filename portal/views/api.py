"""The page on which the API can be tried, with the files of Swagger UI that Django Ninja brings."""

from importlib.util import find_spec
from pathlib import Path

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.http import PortalRequest
from portal.middleware import CONTENT_SECURITY_POLICY
from sites.api import DESCRIPTION
from sites.errors import NotFound

TYPES = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui-init.js": "text/javascript; charset=utf-8",
}
"""Served from their package: among the portal's static files they would be compressed at the first start."""

POLICY = f"{CONTENT_SECURITY_POLICY}; img-src 'self' data:"
"""That of every page, and the small pictures that are written in Swagger UI's style sheet."""


@require_safe
def try_it(request: PortalRequest) -> HttpResponse:
    """Swagger UI with the API's description. It acts with a token that the person enters, never with the session."""
    settings = {"url": DESCRIPTION, "layout": "BaseLayout", "deepLinking": True}
    answer = render(request, "api/try.html", {"settings": settings})
    answer["Content-Security-Policy"] = POLICY
    return answer


@require_safe
def asset(request: PortalRequest, file: str) -> HttpResponse:
    """One file of Swagger UI. Raises NotFound for any other."""
    spec = find_spec("ninja")
    if file not in TYPES or spec is None or not spec.submodule_search_locations:
        raise NotFound
    path = Path(spec.submodule_search_locations[0]) / "static/ninja" / file
    return HttpResponse(path.read_bytes(), content_type=TYPES[file])
